-- Keys and indexes as Django's migrations make them, down to the pattern of
-- their names; then what the identity columns and the planner need to know.

SET maintenance_work_mem = '256MB';
-- Parallel joins need more of /dev/shm than containers give.
SET max_parallel_workers_per_gather = 0;
SET jit = off;

\echo '  primary keys and indexes'

ALTER TABLE django_migrations ADD PRIMARY KEY (id);
ALTER TABLE django_content_type ADD PRIMARY KEY (id),
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);
ALTER TABLE django_session ADD PRIMARY KEY (session_key);
CREATE INDEX django_session_session_key_c0390e0f_like
    ON django_session (session_key varchar_pattern_ops);
CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);

ALTER TABLE auth_permission ADD PRIMARY KEY (id),
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq
        UNIQUE (content_type_id, codename);
CREATE INDEX auth_permission_content_type_id_2f476e4b ON auth_permission (content_type_id);
ALTER TABLE auth_group ADD PRIMARY KEY (id),
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);
CREATE INDEX auth_group_name_a6ea08ec_like ON auth_group (name varchar_pattern_ops);
ALTER TABLE auth_group_permissions ADD PRIMARY KEY (id),
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq
        UNIQUE (group_id, permission_id);
CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON auth_group_permissions (group_id);
CREATE INDEX auth_group_permissions_permission_id_84c5c92e
    ON auth_group_permissions (permission_id);
ALTER TABLE auth_user ADD PRIMARY KEY (id),
    ADD CONSTRAINT auth_user_username_key UNIQUE (username);
CREATE INDEX auth_user_username_6821ab7c_like ON auth_user (username varchar_pattern_ops);
ALTER TABLE auth_user_groups ADD PRIMARY KEY (id),
    ADD CONSTRAINT auth_user_groups_user_id_group_id_94350c0c_uniq UNIQUE (user_id, group_id);
CREATE INDEX auth_user_groups_user_id_6a12ed8b ON auth_user_groups (user_id);
CREATE INDEX auth_user_groups_group_id_97559544 ON auth_user_groups (group_id);
ALTER TABLE auth_user_user_permissions ADD PRIMARY KEY (id),
    ADD CONSTRAINT auth_user_user_permissions_user_id_permission_id_14a6b632_uniq
        UNIQUE (user_id, permission_id);
CREATE INDEX auth_user_user_permissions_user_id_a95ead1b
    ON auth_user_user_permissions (user_id);
CREATE INDEX auth_user_user_permissions_permission_id_1fbb5f2c
    ON auth_user_user_permissions (permission_id);
ALTER TABLE django_admin_log ADD PRIMARY KEY (id);
CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON django_admin_log (content_type_id);
CREATE INDEX django_admin_log_user_id_c564eba6 ON django_admin_log (user_id);

ALTER TABLE blog_article ADD PRIMARY KEY (id),
    ADD CONSTRAINT blog_article_slug_key UNIQUE (slug);
CREATE INDEX blog_article_slug_4a1b6f0d_like ON blog_article (slug varchar_pattern_ops);
CREATE INDEX blog_article_author_id_905add38 ON blog_article (author_id);
ALTER TABLE blog_comment ADD PRIMARY KEY (id);
CREATE INDEX blog_comment_user_id_59a54155 ON blog_comment (user_id);
-- Meta.indexes of the model: the newest comments of one article. Its first
-- column also serves the foreign key (db_index=False there).
CREATE INDEX blog_comment_newest_idx ON blog_comment (article_id, created_at DESC, id DESC);

ALTER TABLE shop_customer ADD PRIMARY KEY (id),
    ADD CONSTRAINT shop_customer_external_id_key UNIQUE (external_id),
    ADD CONSTRAINT shop_customer_user_id_key UNIQUE (user_id);
ALTER TABLE shop_category ADD PRIMARY KEY (id),
    ADD CONSTRAINT shop_category_slug_key UNIQUE (slug);
CREATE INDEX shop_category_slug_2c8f1a77_like ON shop_category (slug varchar_pattern_ops);
CREATE INDEX shop_category_parent_id_f4a3c9e2 ON shop_category (parent_id);
ALTER TABLE shop_product ADD PRIMARY KEY (id),
    ADD CONSTRAINT shop_product_sku_key UNIQUE (sku);
CREATE INDEX shop_product_sku_0d8f3b51_like ON shop_product (sku varchar_pattern_ops);
CREATE INDEX shop_product_category_id_14d7eea8 ON shop_product (category_id);
ALTER TABLE shop_warehouse ADD PRIMARY KEY (id),
    ADD CONSTRAINT shop_warehouse_code_key UNIQUE (code);
CREATE INDEX shop_warehouse_code_7e5b90c4_like ON shop_warehouse (code varchar_pattern_ops);
ALTER TABLE shop_carrier ADD PRIMARY KEY (id);
ALTER TABLE shop_order ADD PRIMARY KEY (id),
    ADD CONSTRAINT shop_order_number_key UNIQUE (number);
CREATE INDEX shop_order_number_5b3e2d19_like ON shop_order (number varchar_pattern_ops);
CREATE INDEX shop_order_placed_at_8a0c7f64 ON shop_order (placed_at);
CREATE INDEX shop_order_customer_id_f638df20 ON shop_order (customer_id);
ALTER TABLE shop_orderline ADD PRIMARY KEY (id);
CREATE INDEX shop_orderline_order_id_fe9d8c5e ON shop_orderline (order_id);
CREATE INDEX shop_orderline_product_id_eed46bff ON shop_orderline (product_id);
CREATE INDEX shop_orderline_warehouse_id_6f0a2b3c ON shop_orderline (warehouse_id);
CREATE INDEX shop_orderline_carrier_id_b1d94e07 ON shop_orderline (carrier_id);
CREATE INDEX shop_orderline_packed_by_id_3e7c5a12 ON shop_orderline (packed_by_id);

ALTER TABLE docs_document ADD PRIMARY KEY (id);
CREATE INDEX docs_document_owner_id_c0ffc0ad ON docs_document (owner_id);

\echo '  foreign keys'

ALTER TABLE auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co
        FOREIGN KEY (content_type_id) REFERENCES django_content_type DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id
        FOREIGN KEY (group_id) REFERENCES auth_group DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm
        FOREIGN KEY (permission_id) REFERENCES auth_permission DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_user_groups
    ADD CONSTRAINT auth_user_groups_user_id_6a12ed8b_fk_auth_user_id
        FOREIGN KEY (user_id) REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT auth_user_groups_group_id_97559544_fk_auth_group_id
        FOREIGN KEY (group_id) REFERENCES auth_group DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE auth_user_user_permissions
    ADD CONSTRAINT auth_user_user_permissions_user_id_a95ead1b_fk_auth_user_id
        FOREIGN KEY (user_id) REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm
        FOREIGN KEY (permission_id) REFERENCES auth_permission DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co
        FOREIGN KEY (content_type_id) REFERENCES django_content_type DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_auth_user_id
        FOREIGN KEY (user_id) REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE blog_article
    ADD CONSTRAINT blog_article_author_id_905add38_fk_auth_user_id
        FOREIGN KEY (author_id) REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE blog_comment
    ADD CONSTRAINT blog_comment_article_id_3d58bca6_fk_blog_article_id
        FOREIGN KEY (article_id) REFERENCES blog_article DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT blog_comment_user_id_59a54155_fk_auth_user_id
        FOREIGN KEY (user_id) REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE shop_customer
    ADD CONSTRAINT shop_customer_user_id_46d2c3a8_fk_auth_user_id
        FOREIGN KEY (user_id) REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE shop_category
    ADD CONSTRAINT shop_category_parent_id_f4a3c9e2_fk_shop_category_id
        FOREIGN KEY (parent_id) REFERENCES shop_category DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE shop_product
    ADD CONSTRAINT shop_product_category_id_14d7eea8_fk_shop_category_id
        FOREIGN KEY (category_id) REFERENCES shop_category DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE shop_order
    ADD CONSTRAINT shop_order_customer_id_f638df20_fk_shop_customer_id
        FOREIGN KEY (customer_id) REFERENCES shop_customer DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE shop_orderline
    ADD CONSTRAINT shop_orderline_order_id_fe9d8c5e_fk_shop_order_id
        FOREIGN KEY (order_id) REFERENCES shop_order DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT shop_orderline_product_id_eed46bff_fk_shop_product_id
        FOREIGN KEY (product_id) REFERENCES shop_product DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT shop_orderline_warehouse_id_6f0a2b3c_fk_shop_warehouse_id
        FOREIGN KEY (warehouse_id) REFERENCES shop_warehouse DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT shop_orderline_carrier_id_b1d94e07_fk_shop_carrier_id
        FOREIGN KEY (carrier_id) REFERENCES shop_carrier DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT shop_orderline_packed_by_id_3e7c5a12_fk_auth_user_id
        FOREIGN KEY (packed_by_id) REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE docs_document
    ADD CONSTRAINT docs_document_owner_id_c0ffc0ad_fk_auth_user_id
        FOREIGN KEY (owner_id) REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED;

-- The next row that an application inserts must not meet a number from here.
SELECT setval(s.oid, i.last_id)
FROM (VALUES ('auth_user', (SELECT max(id)::bigint FROM auth_user)),
        ('blog_article', (SELECT max(id) FROM blog_article)),
        ('shop_customer', (SELECT max(id) FROM shop_customer)),
        ('shop_product', (SELECT max(id) FROM shop_product)),
        ('shop_order', (SELECT max(id) FROM shop_order)),
        ('docs_document', (SELECT max(id) FROM docs_document))) AS i (relation, last_id)
    CROSS JOIN LATERAL (SELECT pg_get_serial_sequence(i.relation, 'id')::regclass) AS s (oid)
\g /dev/null

\echo '  statistics'
VACUUM (ANALYZE);
