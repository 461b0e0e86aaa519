-- The login that tickets run as: it reads the tables of the shop and the blog, and of the users all but
-- their passwords. It is no superuser and no member of any role.
CREATE ROLE shop_tickets LOGIN;
GRANT SELECT ON shop_customer, shop_category, shop_product, shop_warehouse, shop_carrier, shop_order,
    shop_orderline, blog_article, blog_comment TO shop_tickets;
GRANT SELECT (id, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active,
    date_joined) ON auth_user TO shop_tickets;
