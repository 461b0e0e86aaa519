-- title: Orders
-- description: One line per order, newest first
-- param: since date = 2020-01-01   Orders placed on or after this day
-- param: country text?   ISO code; all countries when left out
-- headers: id=Order,placed_at=Placed at,total=Total

-- A sample. The name of the file is the name of the export, its header says
-- what callers see and may pass, and the query is yours: this one fits the
-- tables of ./demo. Values are bound, they never become part of the SQL.
SELECT id, placed_at, country, currency, total
FROM shop_order
WHERE placed_at >= :'since' AND (:'country' IS NULL OR country = :'country')
ORDER BY placed_at DESC, id DESC;
