-- Say whether a schema has a table of migrations like that of a record, and whether it may be used.

SELECT count(*) = 2 AS is_record, coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE')), TRUE) AS is_usable
FROM pg_namespace AS n
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'schema_migrations'
JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN ('version', 'checksum')
WHERE n.nspname = %(schema)s;
