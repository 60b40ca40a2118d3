-- Undo 021_debug_state_captures: states stay, with who captured each first
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.  What
-- somebody has dropped stays dropped.

DO $$
DECLARE
    item TEXT;
BEGIN
    FOREACH item IN ARRAY ARRAY[
        'debug_runs', 'debug_workflow_steps', 'debug_error_events', 'debug_success_events', 'debug_state_snapshots'
    ] LOOP
        IF to_regclass(format('%I.%I', current_schema(), item)) IS NOT NULL THEN
            EXECUTE format('DROP TRIGGER IF EXISTS %2$I ON %1$I.%3$I', current_schema(), item || '_workflow', item);
        END IF;
    END LOOP;
    IF to_regclass(format('%I.debug_workflow_context', current_schema())) IS NOT NULL THEN
        EXECUTE $view$
CREATE OR REPLACE VIEW debug_workflow_context AS
SELECT
    workflow.correlation_id,
    coalesce(st.session_id, er.session_id, su.session_id, sn.session_id)::uuid AS session_id,
    ARRAY(
        SELECT DISTINCT agent FROM unnest(st.agents || er.agents || su.agents || sn.agents) AS agent ORDER BY agent
    ) AS agents_involved,
    st.total AS total_steps,
    er.total AS error_count,
    su.total AS success_count,
    (
        SELECT count(DISTINCT snapshot)
        FROM unnest(st.pre_snapshots || st.post_snapshots || er.snapshots || su.snapshots || sn.snapshots) AS snapshot
    ) AS snapshot_count,
    least(st.first_at, er.first_at, su.first_at, sn.first_at) AS workflow_started,
    greatest(st.last_at, er.last_at, su.last_at, sn.last_at) AS workflow_completed,
    EXTRACT(EPOCH FROM (
        greatest(st.last_at, er.last_at, su.last_at, sn.last_at)
        - least(st.first_at, er.first_at, su.first_at, sn.first_at)
    )) * 1000 AS duration_ms
FROM (
    SELECT correlation_id FROM debug_workflow_steps
    UNION
    SELECT correlation_id FROM debug_error_events
    UNION
    SELECT correlation_id FROM debug_success_events
    UNION
    SELECT correlation_id FROM debug_state_snapshots
) AS workflow
CROSS JOIN LATERAL (
    SELECT count(*) AS total, max(s.session_id::text) AS session_id, array_agg(DISTINCT s.agent_name) AS agents,
        array_agg(s.pre_state_snapshot_id) FILTER (WHERE s.pre_state_snapshot_id IS NOT NULL) AS pre_snapshots,
        array_agg(s.post_state_snapshot_id) FILTER (WHERE s.post_state_snapshot_id IS NOT NULL) AS post_snapshots,
        min(s.started_at) AS first_at, max(s.completed_at) AS last_at
    FROM debug_workflow_steps AS s WHERE s.correlation_id = workflow.correlation_id
) AS st
CROSS JOIN LATERAL (
    SELECT count(*) AS total, max(e.session_id::text) AS session_id, array_agg(DISTINCT e.agent_name) AS agents,
        array_agg(e.state_snapshot_id) FILTER (WHERE e.state_snapshot_id IS NOT NULL) AS snapshots,
        min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at
    FROM debug_error_events AS e WHERE e.correlation_id = workflow.correlation_id
) AS er
CROSS JOIN LATERAL (
    SELECT count(*) AS total, max(s.session_id::text) AS session_id, array_agg(DISTINCT s.agent_name) AS agents,
        array_agg(s.state_snapshot_id) FILTER (WHERE s.state_snapshot_id IS NOT NULL) AS snapshots,
        min(s.occurred_at) AS first_at, max(s.occurred_at) AS last_at
    FROM debug_success_events AS s WHERE s.correlation_id = workflow.correlation_id
) AS su
CROSS JOIN LATERAL (
    SELECT max(s.session_id::text) AS session_id, array_agg(DISTINCT s.agent_name) AS agents,
        array_agg(s.id) AS snapshots, min(s.captured_at) AS first_at, max(s.captured_at) AS last_at
    FROM debug_state_snapshots AS s WHERE s.correlation_id = workflow.correlation_id
) AS sn
        $view$;
        COMMENT ON COLUMN debug_workflow_context.snapshot_count IS 'How many different states were captured in it';
        COMMENT ON COLUMN debug_workflow_context.duration_ms IS 'Milliseconds from one to the other';
    END IF;
    IF to_regclass(format('%I.debug_state_snapshots', current_schema())) IS NOT NULL THEN
        COMMENT ON COLUMN debug_state_snapshots.correlation_id IS 'The workflow that captured this state first';
        EXECUTE $function$
CREATE OR REPLACE FUNCTION capture_state_snapshot(
    p_snapshot_type VARCHAR,
    p_correlation_id UUID,
    p_agent_name VARCHAR,
    p_agent_state JSONB,
    p_task_description TEXT DEFAULT NULL,
    p_session_id UUID DEFAULT NULL,
    p_execution_step INTEGER DEFAULT NULL
) RETURNS UUID
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $body$
DECLARE
    v_hash CONSTANT TEXT := debug_state_hash(p_agent_state);
    v_id UUID;
BEGIN
    FOR attempt IN 1..100 LOOP
        INSERT INTO debug_state_snapshots (
            id, snapshot_type, correlation_id, session_id, agent_name, agent_state, state_hash, execution_step,
            task_description, state_size_bytes, variables_count
        ) VALUES (
            debug_snapshot_id(v_hash, p_snapshot_type), p_snapshot_type, p_correlation_id, p_session_id, p_agent_name,
            p_agent_state, v_hash, p_execution_step, p_task_description, debug_state_size(p_agent_state),
            debug_state_variables(p_agent_state)
        )
        ON CONFLICT DO NOTHING
        RETURNING id INTO v_id;
        IF FOUND THEN
            RETURN v_id;
        END IF;

        SELECT id INTO v_id FROM debug_state_snapshots
        WHERE state_hash = v_hash AND snapshot_type = p_snapshot_type;
        IF FOUND THEN
            RETURN v_id;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'the id of this % snapshot is taken by a row with another state_hash', p_snapshot_type
        USING ERRCODE = 'unique_violation';
END
$body$
        $function$;
    END IF;
    EXECUTE format(
        'DROP TABLE IF EXISTS %1$I.debug_workflows, %1$I.debug_state_captures;'
        ' DROP FUNCTION IF EXISTS %1$I.register_workflow()',
        current_schema()
    );
END
$$;
