-- Undo 004_host_tables: drop the host tables that it created, in our schema only
--
-- A table that was there before (in public, or in our schema) lacks the comment by which we know ours, and stays.

DO $$
DECLARE
    ours REGCLASS;
BEGIN
    FOR ours IN
        SELECT oid::regclass FROM pg_class
        WHERE relnamespace = quote_ident(current_schema())::regnamespace
            AND relkind = 'r'
            AND relname IN ('agent_transformation_events', 'hook_events')
            AND obj_description(oid, 'pg_class') LIKE '%Created by pytest-debugloop.'
    LOOP
        EXECUTE format('DROP TABLE %s', ours);
    END LOOP;
END
$$;
