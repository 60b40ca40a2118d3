-- List the tables and views of the record, or the columns of one, with their comments.

SELECT c.relname::text AS name, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind,
    coalesce(obj_description(c.oid, 'pg_class'), '') AS comment
FROM pg_class AS c
WHERE %(relation)s::text IS NULL AND c.relkind IN ('r', 'p', 'v', 'm')
    AND c.relnamespace = quote_ident(current_schema())::regnamespace
UNION ALL
SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), coalesce(col_description(a.attrelid, a.attnum), '')
FROM pg_attribute AS a
WHERE a.attrelid = to_regclass(%(relation)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY 2, 1;
