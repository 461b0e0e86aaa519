-- title: Articles with their newest comments
-- description: The ten newest public comments of each published article; articles without one appear once
-- param: newest integer = 10   How many comments of each article
-- param: tag text?   Only articles with this tag

SELECT a.id, a.title, a.tags, u.username AS author, a.published_at, c.rank, c.author_name,
    c.created_at AS commented_at, c.body AS comment
FROM blog_article a
    JOIN auth_user u ON u.id = a.author_id
    LEFT JOIN LATERAL (
        SELECT row_number() OVER (ORDER BY created_at DESC, id DESC) AS rank,
            author_name, created_at, body
        FROM blog_comment
        WHERE article_id = a.id AND is_public
        ORDER BY created_at DESC, id DESC
        LIMIT :newest
    ) c ON true
WHERE a.is_published AND (:'tag' IS NULL OR :'tag' = ANY (a.tags))
ORDER BY a.id, c.rank;
