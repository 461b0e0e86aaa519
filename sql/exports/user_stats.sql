-- title: Users and what they spent
-- description: Orders and their total per user, by Count and Sum; also the users who never ordered
-- param: min_orders bigint = 0   Only users with at least so many orders

SELECT u.id, u.username, u.email, count(o.id) AS orders, sum(o.total) AS spent,
    max(o.placed_at) AS last_order
FROM auth_user u
    LEFT JOIN shop_customer c ON c.user_id = u.id
    LEFT JOIN shop_order o ON o.customer_id = c.id
GROUP BY u.id
HAVING count(o.id) >= :'min_orders'
ORDER BY u.id;
