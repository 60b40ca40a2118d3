-- Undo 035_debug_more_function_names
--
-- Named in our schema, never along the search path: public may hold functions of these names that are not ours.

DO $$
DECLARE
    item TEXT;
BEGIN
    FOR item IN
        SELECT p.oid::regprocedure::text FROM pg_proc AS p
        WHERE p.pronamespace = to_regnamespace(quote_ident(current_schema()))
            AND obj_description(p.oid, 'pg_proc') ~ '; also called debug_[a-z_]+$'
            AND p.proname IN (
                'list_stretches', 'judge_recent_flakiness', 'find_first_failure', 'find_pass_on_line',
                'estimate_flakes', 'weigh_flake', 'extract_comparison', 'extract_function', 'insert_host_row',
                'link_transformation', 'compute_log_gamma', 'compute_beta_fraction', 'weigh_code'
            )
    LOOP
        EXECUTE format('DROP FUNCTION %s', item);
    END LOOP;
END
$$;
