-- Undo 031_debug_function_names
--
-- Named in our schema, never along the search path: public may hold functions of these names that are not ours.

DO $$
DECLARE
    item TEXT;
BEGIN
    FOR item IN
        SELECT p.oid::regprocedure::text FROM pg_proc AS p
        WHERE p.pronamespace = to_regnamespace(quote_ident(current_schema())) AND (
            p.proname = 'adopt_transformation' OR obj_description(p.oid, 'pg_proc') ~ '; also called debug_[a-z_]+$'
        )
    LOOP
        EXECUTE format('DROP FUNCTION %s', item);
    END LOOP;
    IF to_regclass(format('%I.debug_runs', current_schema())) IS NOT NULL THEN
        COMMENT ON COLUMN debug_runs.agent_name IS 'Who ran them';
    END IF;
END
$$;
