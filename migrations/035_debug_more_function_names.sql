-- Name the other functions by what they do, too
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- <verb>_<noun>, as 031 does: the bodies stay where they are, for views and columns refer to them.
DO $$
DECLARE
    item RECORD;
BEGIN
    FOR item IN
        SELECT p.oid, p.proname, list.new_name, pg_get_function_arguments(p.oid) AS arguments,
            pg_get_function_result(p.oid) AS result, p.proretset, p.provolatile, p.pronargs,
            (
                SELECT string_agg('$' || n, ', ' ORDER BY n) FROM generate_series(1, p.pronargs) AS n
            ) AS placeholders
        FROM (VALUES
            ('debug_stretches_of', 'list_stretches'),
            ('debug_recent_flakiness', 'judge_recent_flakiness'),
            ('debug_failing_since', 'find_first_failure'),
            ('debug_last_pass_on_line', 'find_pass_on_line'),
            ('debug_flake_chances', 'estimate_flakes'),
            ('debug_flake_likelihood', 'weigh_flake'),
            ('debug_failure_comparison', 'extract_comparison'),
            ('debug_failure_function', 'extract_function'),
            ('debug_insert_host_row', 'insert_host_row'),
            ('debug_link_transformation', 'link_transformation'),
            ('debug_log_gamma', 'compute_log_gamma'),
            ('debug_beta_fraction', 'compute_beta_fraction'),
            ('debug_code_ratio', 'weigh_code')
        ) AS list (old_name, new_name)
        JOIN pg_proc AS p ON p.proname = list.old_name
            AND p.pronamespace = quote_ident(current_schema())::regnamespace
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION %I(%s) RETURNS %s LANGUAGE sql %s PARALLEL %s AS %L',
            item.new_name, item.arguments, item.result,
            CASE item.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
            CASE item.provolatile WHEN 'v' THEN 'UNSAFE' ELSE 'SAFE' END,
            format(
                CASE WHEN item.proretset THEN 'SELECT * FROM %I.%I(%s)' ELSE 'SELECT %I.%I(%s)' END,
                current_schema(), item.proname, item.placeholders
            )
        );
        EXECUTE format(
            'COMMENT ON FUNCTION %I(%s) IS %L', item.new_name, pg_get_function_identity_arguments(item.oid),
            format('%s; also called %s', obj_description(item.oid, 'pg_proc'), item.proname)
        );
    END LOOP;
END
$$;
