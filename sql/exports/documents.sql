-- title: Documents
-- description: Whole documents, one megabyte to a row
-- param: owner bigint?   Only the documents of this user

SELECT id, name, mime_type, digest, uploaded_at, body
FROM docs_document
WHERE :'owner' IS NULL OR owner_id = :'owner'
ORDER BY id;
