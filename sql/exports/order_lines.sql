-- title: Order lines
-- description: Every line of every order, its five foreign keys as the names that people know

SELECT l.id, o.number AS "order", o.placed_at, o.status, l.position, p.sku, p.name AS product,
    l.quantity, l.unit_price, l.quantity * l.unit_price AS amount, l.discount,
    w.name AS warehouse, c.name AS carrier, u.username AS packed_by, l.gift_message
FROM shop_orderline l
    JOIN shop_order o ON o.id = l.order_id
    JOIN shop_product p ON p.id = l.product_id
    JOIN shop_warehouse w ON w.id = l.warehouse_id
    LEFT JOIN shop_carrier c ON c.id = l.carrier_id
    LEFT JOIN auth_user u ON u.id = l.packed_by_id
ORDER BY l.id;
