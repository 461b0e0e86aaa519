-- title: Orders
-- description: One line per order, newest first
-- param: since date = 2020-01-01   Orders placed on or after this day
-- param: until date?   Orders placed before this day
-- param: country text?   ISO code; all countries when left out
-- param: status shop_order_status[]?   One or several, as in {paid,packed}
-- param: min_total numeric = 0   Orders of at least this much

SELECT o.id, o.number, o.placed_at, o.status, o.country, o.currency, o.total, o.tax_rate,
    o.discount, o.is_gift, o.note, o.coupons, o.campaign, o.client_ip, o.token, o.paid_at,
    o.shipped_on, o.delivery_time, c.name AS customer, c.company
FROM shop_order o
    JOIN shop_customer c ON c.id = o.customer_id
WHERE o.placed_at >= :'since'
    AND (:'until' IS NULL OR o.placed_at < :'until')
    AND (:'country' IS NULL OR o.country = :'country')
    AND (:'status' IS NULL OR o.status = ANY (:'status'))
    AND o.total >= :'min_total'
ORDER BY o.placed_at DESC, o.id DESC;
