-- Say what the role may do in the schema of the record, and whether the server takes changes at all.

SELECT
    current_user::text AS role,
    n.oid IS NOT NULL AS schema_exists,
    coalesce(has_schema_privilege(n.oid, 'USAGE'), FALSE) AS may_read,
    coalesce(has_schema_privilege(n.oid, 'CREATE'), has_database_privilege(current_database(), 'CREATE')) AS may_create,
    coalesce(has_table_privilege(t.oid, 'SELECT'), FALSE) AS may_read_runs,
    coalesce(has_table_privilege(t.oid, 'INSERT, UPDATE'), FALSE) AS may_write_runs,
    t.oid IS NOT NULL AS has_runs,
    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS is_read_only
FROM (SELECT %(schema)s::text AS name) AS wanted
LEFT JOIN pg_namespace AS n ON n.nspname = wanted.name
LEFT JOIN pg_class AS t ON t.relnamespace = n.oid AND t.relname = 'debug_runs';
