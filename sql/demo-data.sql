-- The rows of the demo. Everything follows from the row's number by a hash, so
-- that the same --rows gives the same bytes on every machine.
--
--   psql -v rows=1000000 -f demo-data.sql
--
-- rows = orders; all else is in proportion, with a minimum that keeps every
-- join alive: half as many users, 2.5 lines per order, up to 300 documents.

SELECT :rows AS orders,
       greatest(:rows / 2, 100) AS users,
       greatest(:rows * 2 / 5, 50) AS customers,
       greatest(least(:rows / 50, 20000), 60) AS products,
       greatest(:rows / 100, 20) AS articles,
       greatest(least(:rows * 3 / 10000, 300), 3) AS documents
\gset

SET synchronize_seqscans = off;
SET jit = off;

-- Evenly spread in 0 … 2^31-1; salt makes columns independent of each other.
CREATE FUNCTION pg_temp.h(n bigint, salt integer) RETURNS bigint
    LANGUAGE sql IMMUTABLE AS 'SELECT hashint8extended(n, salt) & 2147483647';

CREATE FUNCTION pg_temp.first_name(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (ARRAY['Anna', 'José', 'Zoë', 'Jürgen', 'Siân', 'Øyvind', 'Łukasz', 'Nguyễn',
        'Mary Jane', 'Иван', 'Ελένη', '明子', '伟', '지훈', 'محمد', 'नेहा', 'Ay''şe', 'Chloé',
        'Peter', 'Fatima', 'Noah', 'Emma', 'Ivy "Ace"', 'Bob'])[1 + n % 24]
$$;

CREATE FUNCTION pg_temp.last_name(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (ARRAY['Smith', 'García', 'O''Neill', 'Müller', 'Şahin', 'Łuczak', '田中', '王',
        'Петров', 'Παπαδοπούλου', 'Smith, Jr.', 'van der Berg', 'Ångström', 'Brontë', '김',
        'Singh', 'Kowalski', 'de la Cruz', 'Nilsson'])[1 + n % 19]
$$;

CREATE FUNCTION pg_temp.country(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (ARRAY['DE', 'FR', 'GB', 'US', 'JP', 'PL', 'SE', 'ES', 'BR', 'CN', 'IN', 'NO'])
        [1 + n % 12]
$$;

-- What people type into a free field: every case that a CSV writer can get wrong.
CREATE FUNCTION pg_temp.remark(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (ARRAY[NULL, '', 'Thanks!', 'Please ring twice, dog bites',
        'She said "leave it at the door"', E'Line one\nline two', E'Windows\r\nline break',
        E'old Mac\rline break', '\.', '\N', 'NULL', '"', '""', ',', E'\n', ' leading space',
        'trailing space ', E'tab\there', '=SUM(A1:A9)', '+49 30 123456', '-1', '@home',
        'Größe L, bitte', 'crème brûlée', '日本語のメモ、改行なし', '中文，逗号', 'Привет, мир',
        'مرحبا', 'emoji 🎁🚚 and family 👩‍👩‍👧', E'e\u0301 combining, zero\u200bwidth',
        'back\slash \t \\ "quoted", too', ';semicolon;', E'\uFEFFlooks like a BOM',
        E'first\n"second",\n\nthird\\.', 'Deliver after 18:00', 'No rush'])[1 + n % 36]
$$;

\echo '  users and permissions'

INSERT INTO django_migrations (app, name, applied)
SELECT app, '0001_initial', '2020-01-01 08:00+00'
FROM unnest(ARRAY['contenttypes', 'auth', 'admin', 'sessions', 'blog', 'shop', 'docs']) AS app;

INSERT INTO django_content_type (app_label, model) VALUES
    ('admin', 'logentry'), ('auth', 'permission'), ('auth', 'group'), ('auth', 'user'),
    ('contenttypes', 'contenttype'), ('sessions', 'session'), ('blog', 'article'),
    ('blog', 'comment'), ('shop', 'customer'), ('shop', 'category'), ('shop', 'product'),
    ('shop', 'warehouse'), ('shop', 'carrier'), ('shop', 'order'), ('shop', 'orderline'),
    ('docs', 'document');

INSERT INTO auth_permission (name, content_type_id, codename)
SELECT 'Can ' || verb || ' ' || t.model, t.id, verb || '_' || t.model
FROM django_content_type t
    CROSS JOIN unnest(ARRAY['add', 'change', 'delete', 'view']) WITH ORDINALITY AS v (verb, n)
ORDER BY t.id, v.n;

INSERT INTO auth_group (name) VALUES ('Editors'), ('Support, "night shift"'), ('Lager'), ('倉庫');

INSERT INTO auth_group_permissions (group_id, permission_id)
SELECT g.id, p.id
FROM auth_group g JOIN auth_permission p ON p.id % 4 = g.id % 4
ORDER BY 1, 2;

INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name,
    email, is_staff, is_active, date_joined)
SELECT n,
    'pbkdf2_sha256$600000$' || left(md5(n::text), 22) || '$' || md5('p' || n) || '=',
    CASE WHEN pg_temp.h(n, 1) % 7 > 0 THEN timestamptz '2026-10-31 12:00+00'
        - pg_temp.h(n, 2) * interval '37 milliseconds' END,
    n = 1,
    'user' || n,
    pg_temp.first_name(pg_temp.h(n, 3)),
    CASE WHEN pg_temp.h(n, 4) % 50 > 0 THEN pg_temp.last_name(pg_temp.h(n, 4)) ELSE '' END,
    CASE WHEN pg_temp.h(n, 5) % 40 > 0 THEN 'user' || n || '@example.com' ELSE '' END,
    n <= 20,
    pg_temp.h(n, 6) % 20 > 0,
    timestamptz '2020-01-01 00:00+00' + n * (interval '2400 days' / :users)
FROM generate_series(1, :users) AS n;

INSERT INTO auth_user_groups (user_id, group_id)
SELECT n, 1 + n % 4 FROM generate_series(1, least(:users, 2000), 3) AS n;

INSERT INTO auth_user_user_permissions (user_id, permission_id)
SELECT n, 1 + n * 5 % 64 FROM generate_series(1, 20) AS n;

INSERT INTO django_session (session_key, session_data, expire_date)
SELECT left(md5('k' || n) || md5(n::text), 32), md5('d' || n) || ':' || md5('e' || n),
    timestamptz '2026-12-01 00:00+00' + n * interval '17 seconds'
FROM generate_series(1, greatest(:users / 50, 10)) AS n;

INSERT INTO django_admin_log (action_time, object_id, object_repr, action_flag, change_message,
    content_type_id, user_id)
SELECT timestamptz '2024-01-01 00:00+00' + n * interval '3 hours', (1 + n % 60)::text,
    'Product ' || (1 + n % 60), 1 + n % 3, '[{"changed": {"fields": ["Price", "Name"]}}]',
    11, 1 + n % 20
FROM generate_series(1, 1000) AS n;

\echo '  articles and comments'

INSERT INTO blog_article (id, title, slug, summary, body, tags, metadata, reading_time,
    is_published, published_at, author_id)
SELECT n,
    (ARRAY['How we pack, and why', 'News from "the cellar"', 'Été à la mer', '新商品のお知らせ',
        'Ten questions 🤔', 'Preise & Größen'])[1 + n % 6] || ' #' || n,
    'article-' || n,
    pg_temp.remark(pg_temp.h(n, 10)),
    repeat('A paragraph about packing, shipping and "fragile" goods.'
        || E'\n\nGrüße, あいさつ, saludos.\n', 3 + (pg_temp.h(n, 11) % 20)::integer),
    (ARRAY['news', 'how to', 'sale, summer', '"best of"', '季節'])
        [1 + pg_temp.h(n, 12) % 3 : 2 + pg_temp.h(n, 13) % 4],
    jsonb_build_object('words', 20 * (3 + pg_temp.h(n, 11) % 20), 'lang',
        CASE WHEN n % 6 = 3 THEN 'ja' ELSE 'en' END, 'seo', jsonb_build_object('title', NULL)),
    make_interval(secs => 30 + pg_temp.h(n, 14) % 900),
    pg_temp.h(n, 15) % 12 > 0,
    CASE WHEN pg_temp.h(n, 15) % 12 > 0 THEN timestamptz '2020-02-01 06:00+00'
        + n * (interval '2300 days' / :articles) END,
    1 + pg_temp.h(n, 16) % least(:users, 200)
FROM generate_series(1, :articles) AS n;

-- From none to 59 for an article.
INSERT INTO blog_comment (body, author_name, remote_addr, is_public, created_at, article_id,
    user_id)
SELECT coalesce(pg_temp.remark(pg_temp.h(k, 21)), 'First!') || ' ' || c,
    pg_temp.first_name(pg_temp.h(k, 22)),
    CASE WHEN k % 5 > 0 THEN inet '10.0.0.0' + pg_temp.h(k, 23) % 16777216
        WHEN k % 10 = 0 THEN inet '2001:db8::' + k END,
    pg_temp.h(k, 24) % 15 > 0,
    -- To the minute, so that some of them tie.
    date_trunc('minute', timestamptz '2020-02-01 06:00+00'
        + a * (interval '2300 days' / :articles) + pg_temp.h(k, 25) % 3000 * interval '1 minute'),
    a,
    CASE WHEN k % 3 > 0 THEN 1 + pg_temp.h(k, 26) % :users END
FROM generate_series(1, :articles) AS a
    CROSS JOIN LATERAL generate_series(1, pg_temp.h(a, 20)::integer % 60) AS c
    CROSS JOIN LATERAL (SELECT a::bigint * 64 + c) AS key (k);

\echo '  customers and products'

INSERT INTO shop_customer (id, external_id, name, company, email, address, country, vat_number,
    birth_date, credit_limit, newsletter, labels, preferences, last_ip, average_visit,
    created_at, user_id)
SELECT n, md5('c' || n)::uuid,
    pg_temp.first_name(pg_temp.h(n, 30)) || ' ' || pg_temp.last_name(pg_temp.h(n, 31)),
    CASE WHEN n % 6 = 0 THEN pg_temp.last_name(pg_temp.h(n, 32)) || ' & Co, Ltd.' END,
    'customer' || n || '@example.org',
    (1 + pg_temp.h(n, 33) % 200) || ' High Street' || E'\nFlat "' || n % 30 || E'"\nDorf',
    pg_temp.country(pg_temp.h(n, 34)),
    CASE WHEN n % 6 = 0 THEN 'DE' || (100000000 + n) END,
    CASE WHEN n % 4 > 0 THEN date '1940-01-01' + (pg_temp.h(n, 35) % 24000)::integer END,
    CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN 0 ELSE (pg_temp.h(n, 36) % 1000000) / 100.0 END,
    CASE n % 3 WHEN 0 THEN true WHEN 1 THEN false END,
    CASE n % 4 WHEN 0 THEN '{}' WHEN 1 THEN '{vip}'::text[]
        WHEN 2 THEN ARRAY['b2b', 'net 30, "strict"'] ELSE ARRAY[NULL, '', 'NULL'] END,
    jsonb_build_object('lang', lower(pg_temp.country(pg_temp.h(n, 34))), 'dark', n % 2 = 0,
        'sizes', jsonb_build_array('M', n % 50), 'quote', 'say "hi"'),
    CASE WHEN n % 9 > 0 THEN inet '192.168.0.0' + pg_temp.h(n, 37) % 65536 END,
    CASE WHEN n % 7 > 0 THEN make_interval(secs => (pg_temp.h(n, 38) % 5000000) / 1000.0) END,
    timestamptz '2020-01-01 00:00+00' + n * (interval '2400 days' / :customers),
    CASE WHEN n % 8 > 0 THEN n END
FROM generate_series(1, :customers) AS n;

INSERT INTO shop_category (name, slug, parent_id)
SELECT (ARRAY['Books', 'Garden, outdoor', 'Küche', 'おもちゃ', 'Tools "Pro"'])[1 + (n - 1) % 5]
        || CASE WHEN n > 5 THEN ' ' || n ELSE '' END,
    'category-' || n,
    CASE WHEN n > 5 THEN 1 + (n - 1) % 5 END
FROM generate_series(1, 40) AS n;

INSERT INTO shop_product (id, sku, name, description, price, weight, attributes, thumbnail,
    is_active, listed_on, category_id)
SELECT n, 'P-' || to_char(n, 'FM000000'),
    (ARRAY['Lamp', 'Chair, folding', '12" ruler', 'Teekanne', '急須', 'Café table', 'Socks 🧦'])
        [1 + n % 7] || ' ' || n,
    pg_temp.remark(pg_temp.h(n, 40)),
    0.99 + pg_temp.h(n, 41) % 300,
    CASE WHEN n % 11 > 0 THEN (1 + pg_temp.h(n, 42) % 30000) / 7.0 END,
    jsonb_build_object('colour', (ARRAY['red', 'grün', '青'])[1 + n % 3], 'size',
        jsonb_build_array(n % 40, n % 30), 'eco', n % 2 = 0, 'ean', NULL),
    CASE WHEN n % 3 > 0 THEN decode(md5('t' || n) || md5('u' || n), 'hex') END,
    pg_temp.h(n, 43) % 10 > 0,
    date '2019-01-01' + (pg_temp.h(n, 44) % 2500)::integer,
    1 + pg_temp.h(n, 45) % 40
FROM generate_series(1, :products) AS n;

INSERT INTO shop_warehouse (code, name, opens_at, network) VALUES
    ('BER', 'Berlin, Süd', '06:00', '10.1.0.0/16'), ('HAM', 'Hamburg', '06:30', '10.2.0.0/16'),
    ('PAR', 'Île-de-France', '07:00', '10.3.0.0/16'), ('LON', 'London "East"', '05:30', NULL),
    ('NYC', 'New York, NY', '08:00', '10.5.0.0/16'), ('TYO', '東京倉庫', '09:00:30', NULL),
    ('WAW', 'Łódź', '06:15', '10.7.0.0/16'), ('MAD', 'Madrid', '07:45', '2001:db8:8::/48');

INSERT INTO shop_carrier (name, tracking_url) VALUES
    ('Red Van', 'https://track.example.com/?c=red&n={}'),
    ('Post & Paket, GmbH', 'https://post.example.de/sendung,{}'),
    ('宅配便', 'https://takuhai.example.jp/{}'),
    ('La Poste "Suivi"', 'https://suivi.example.fr/{}'),
    ('Bicycle', '');

\echo '  orders'

INSERT INTO shop_order (id, number, token, status, country, currency, total, tax_rate, discount,
    is_gift, note, coupons, campaign, client_ip, placed_at, paid_at, shipped_on, delivery_time,
    customer_id)
SELECT n, 'SO-' || to_char(n, 'FM00000000'), md5(n::text)::uuid,
    (enum_range(NULL::shop_order_status))[1 + r % 6],
    pg_temp.country(pg_temp.h(n, 51)),
    (ARRAY['EUR', 'EUR', 'GBP', 'USD', 'JPY'])[1 + r % 5],
    (r % 2000000) / 100.0,
    (ARRAY[0.19, 0.07, 0, 0.2])[1 + r % 4],
    CASE WHEN r % 9 = 0 THEN (r % 1000) / -100.0 END,
    r % 17 = 0,
    CASE WHEN r % 3 = 0 THEN pg_temp.remark(pg_temp.h(n, 52)) END,
    CASE r % 8 WHEN 0 THEN '{WELCOME10}'::text[] WHEN 1 THEN ARRAY['a,b', 'say "x"', '{}']
        WHEN 2 THEN '{}' END,
    CASE WHEN r % 6 = 0 THEN jsonb_build_object('source', 'mail, "spring"', 'id', r % 100) END,
    CASE WHEN r % 10 > 0 THEN inet '10.0.0.0' + r % 16777216 END,
    placed_at,
    CASE WHEN r % 6 > 0 THEN placed_at + r % 90000 * interval '1 second' END,
    CASE WHEN r % 6 > 2 THEN (placed_at AT TIME ZONE 'UTC')::date + 1 + (r % 5)::integer END,
    CASE WHEN r % 6 > 3 THEN make_interval(days => (r % 9)::integer, secs => r % 86400) END,
    1 + pg_temp.h(n, 53) % :customers
FROM generate_series(1, :orders) AS n
    CROSS JOIN LATERAL (SELECT pg_temp.h(n, 50), timestamptz '2020-01-01 00:00+00'
        + n * (interval '2490 days' / :orders)) AS x (r, placed_at);

\echo '  order lines'

-- One to four for an order, 2.5 on average.
INSERT INTO shop_orderline (position, quantity, unit_price, discount, gift_message, order_id,
    product_id, warehouse_id, carrier_id, packed_by_id)
SELECT p, 1 + r % 12, 0.99 + r % 300,
    CASE WHEN r % 7 = 0 THEN (r % 50) / 100.0 END,
    CASE WHEN r % 5 = 0 THEN pg_temp.remark(r / 5) END,
    o,
    1 + (r >> 3) % :products,
    1 + (r >> 5) % 8,
    CASE WHEN (r >> 2) % 6 > 0 THEN (r >> 2) % 6 END,
    CASE WHEN (r >> 4) % 4 > 0 THEN 1 + (r >> 6) % :users END
FROM generate_series(1, :orders) AS o
    CROSS JOIN LATERAL generate_series(1, 1 + o % 4) AS p
    CROSS JOIN LATERAL (SELECT pg_temp.h(o::bigint * 4 + p, 60)) AS x (r);

\echo '  documents'

-- 1,000,000 characters each, a little more in bytes.
INSERT INTO docs_document (id, name, mime_type, digest, body, uploaded_at, owner_id)
SELECT n, 'contract, "final" ' || n || '.txt', 'text/plain; charset=utf-8',
    sha256(convert_to(body, 'UTF8')), body,
    timestamptz '2025-01-01 00:00+00' + n * interval '1 hour', 1 + n % 50
FROM (
    SELECT n, left(repeat((
            SELECT string_agg(md5(n || '/' || line) || ' "§ ' || line || E'", Größe\n', ''
                ORDER BY line)
            FROM generate_series(1, 200) AS line), 110), 1000000)
    FROM generate_series(1, :documents) AS n
) AS d (n, body);
