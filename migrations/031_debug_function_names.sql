-- Name functions by what they do; take over session and agent from the transformation of a run
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- <verb>_<noun>, as the documented schema has it.  The bodies stay where they are, for views and columns refer to them.
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
            ('debug_state_hash', 'hash_state'), ('debug_state_size', 'measure_state'),
            ('debug_state_variables', 'count_state_variables'), ('debug_snapshot_id', 'make_snapshot_id'),
            ('debug_task_id', 'make_task_id'), ('debug_next_step_number', 'allocate_step_number'),
            ('debug_beta_quantile', 'compute_beta_quantile'),
            ('debug_failure_rate_quantile', 'estimate_failure_rate'), ('debug_leg', 'derive_leg'),
            ('debug_line_of_test', 'derive_line'), ('debug_is_same_copy', 'compare_copies'),
            ('debug_is_same_line', 'compare_lines'), ('debug_is_base_branch', 'check_base_branch'),
            ('debug_passes_elsewhere', 'find_passes_elsewhere'), ('debug_last_pass', 'find_last_pass'),
            ('debug_change_ratio', 'weigh_change'), ('debug_weighed_stretches', 'weigh_stretches'),
            ('debug_cause_fingerprint', 'fingerprint_cause'), ('debug_failure_place', 'locate_failure')
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

-- Taken as JSON, for a host's table may lack a column; where it may not be read, only this is lost.
CREATE OR REPLACE FUNCTION adopt_transformation(workflow UUID, run UUID) RETURNS VOID
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
DECLARE
    event JSONB;
    session UUID;
    item TEXT;
BEGIN
    SELECT to_jsonb(t) INTO event
    FROM agent_transformation_events AS t
    JOIN debug_runs AS r ON r.id = run
    WHERE t.correlation_id = workflow AND t.started_at <= coalesce(r.finished_at, 'infinity')
        -- Not one that the run made itself.
        AND t.started_at < r.started_at
    ORDER BY t.started_at DESC
    LIMIT 1;
    IF event IS NULL THEN
        RETURN;
    END IF;
    UPDATE debug_runs SET agent_name = left(event ->> 'target_agent', 255)
    WHERE id = run AND agent_name = 'pytest' AND event ->> 'target_agent' IS NOT NULL;
    IF NOT pg_input_is_valid(event ->> 'session_id', 'uuid') THEN
        RETURN;
    END IF;
    session := (event ->> 'session_id')::uuid;
    FOREACH item IN ARRAY ARRAY[
        'debug_runs', 'debug_workflow_steps', 'debug_error_events', 'debug_success_events', 'debug_state_snapshots',
        'debug_state_captures'
    ] LOOP
        EXECUTE format('UPDATE %I SET session_id = $1 WHERE correlation_id = $2 AND session_id IS NULL', item)
        USING session, workflow;
    END LOOP;
EXCEPTION
    WHEN insufficient_privilege THEN
        RETURN;
END
$$;

COMMENT ON FUNCTION adopt_transformation(UUID, UUID) IS
    'Gives a run, where it has none, the session of the transformation before it with its correlation_id, and the'
    ' name of the agent';
COMMENT ON COLUMN debug_runs.agent_name IS
    'Who ran it: debugloop_agent_name, or the agent of the transformation before it with the same correlation_id';
