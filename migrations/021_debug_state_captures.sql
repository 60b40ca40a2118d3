-- Keep every capture of a state, and a list of the workflows with when they began
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- ====================================================================================================================
-- Captures: a state is stored once, and each time that it was met leaves a row here
-- ====================================================================================================================

CREATE TABLE IF NOT EXISTS debug_state_captures (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    snapshot_id UUID NOT NULL REFERENCES debug_state_snapshots (id) ON DELETE CASCADE,
    correlation_id UUID NOT NULL,
    session_id UUID,
    agent_name VARCHAR(255) NOT NULL,
    execution_step INTEGER,
    task_description TEXT,
    captured_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX IF NOT EXISTS idx_debug_state_captures_snapshot ON debug_state_captures (snapshot_id, captured_at);
CREATE INDEX IF NOT EXISTS idx_debug_state_captures_correlation
    ON debug_state_captures (correlation_id, captured_at DESC);

COMMENT ON TABLE debug_state_captures IS
    'Each time that a state was captured: by whom, when, in which step of which workflow. The state itself is stored'
    ' once, in debug_state_snapshots.';
COMMENT ON COLUMN debug_state_captures.id IS 'Made by the recorder, so that loading a journal twice changes nothing';
COMMENT ON COLUMN debug_state_captures.snapshot_id IS 'The state: debug_state_snapshots.id';
COMMENT ON COLUMN debug_state_captures.correlation_id IS 'The workflow that captured it';
COMMENT ON COLUMN debug_state_captures.session_id IS 'What groups workflows; NULL where nothing does';
COMMENT ON COLUMN debug_state_captures.agent_name IS 'Who was in this state';
COMMENT ON COLUMN debug_state_captures.execution_step IS
    'The step_number of the step that it was captured in; NULL outside of any step';
COMMENT ON COLUMN debug_state_captures.task_description IS
    'What the agent was trying to do; NULL where nobody said';
COMMENT ON COLUMN debug_state_captures.captured_at IS 'When it was captured';

-- Tables that the documented migration made hold a state as often as it was captured: such rows become captures of one.
DO $$
DECLARE
    reference RECORD;
BEGIN
    IF (SELECT indisunique FROM pg_index WHERE indexrelid = 'idx_debug_state_snapshots_hash'::regclass) THEN
        RETURN;
    END IF;
    CREATE TEMP TABLE merged_snapshots ON COMMIT DROP AS
    SELECT id AS old_id, debug_snapshot_id(state_hash, snapshot_type) AS new_id, state_hash
    FROM (SELECT id, snapshot_type, debug_state_hash(agent_state) AS state_hash FROM debug_state_snapshots) AS s;
    CREATE INDEX ON merged_snapshots (old_id);
    INSERT INTO debug_state_snapshots (
        id, snapshot_type, correlation_id, session_id, agent_name, agent_state, state_hash, execution_step,
        task_description, user_request, state_size_bytes, variables_count, context_depth, memory_usage_mb, cpu_time_ms,
        wall_time_ms, transformation_event_id, parent_snapshot_id, captured_at
    )
    SELECT DISTINCT ON (m.new_id)
        m.new_id, s.snapshot_type, s.correlation_id, s.session_id, s.agent_name, s.agent_state, m.state_hash,
        s.execution_step, s.task_description, s.user_request, debug_state_size(s.agent_state),
        debug_state_variables(s.agent_state), s.context_depth, s.memory_usage_mb, s.cpu_time_ms, s.wall_time_ms,
        s.transformation_event_id, s.parent_snapshot_id, s.captured_at
    FROM debug_state_snapshots AS s
    JOIN merged_snapshots AS m ON m.old_id = s.id
    ORDER BY m.new_id, s.captured_at, s.id
    ON CONFLICT (id) DO NOTHING;
    INSERT INTO debug_state_captures (
        id, snapshot_id, correlation_id, session_id, agent_name, execution_step, task_description, captured_at
    )
    SELECT s.id, m.new_id, s.correlation_id, s.session_id, s.agent_name, s.execution_step, s.task_description,
        s.captured_at
    FROM debug_state_snapshots AS s
    JOIN merged_snapshots AS m ON m.old_id = s.id
    ON CONFLICT (id) DO NOTHING;
    FOR reference IN
        SELECT fk.conrelid::regclass AS child, a.attname
        FROM pg_constraint AS fk
        JOIN pg_attribute AS a ON a.attrelid = fk.conrelid AND a.attnum = fk.conkey[1]
        WHERE fk.contype = 'f' AND fk.confrelid = 'debug_state_snapshots'::regclass
    LOOP
        EXECUTE format(
            'UPDATE %1$s AS r SET %2$I = m.new_id FROM merged_snapshots AS m'
            ' WHERE r.%2$I = m.old_id AND m.old_id <> m.new_id', reference.child, reference.attname
        );
    END LOOP;
    DELETE FROM debug_state_snapshots AS s USING merged_snapshots AS m WHERE s.id = m.old_id AND m.old_id <> m.new_id;
    DROP TABLE merged_snapshots;
    DROP INDEX idx_debug_state_snapshots_hash;
    CREATE UNIQUE INDEX idx_debug_state_snapshots_hash ON debug_state_snapshots (state_hash, snapshot_type);
END
$$;

-- What is known of captures so far: who met each state first, and the failures and passes of other workflows in it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM debug_state_captures) THEN
        RETURN;
    END IF;
    INSERT INTO debug_state_captures (
        id, snapshot_id, correlation_id, session_id, agent_name, execution_step, task_description, captured_at
    )
    SELECT id, id, correlation_id, session_id, agent_name, execution_step, task_description, captured_at
    FROM debug_state_snapshots;
    INSERT INTO debug_state_captures (
        id, snapshot_id, correlation_id, session_id, agent_name, execution_step, captured_at
    )
    SELECT DISTINCT ON (e.snapshot_id, e.correlation_id)
        e.id, e.snapshot_id, e.correlation_id, e.session_id, e.agent_name, e.execution_step, e.occurred_at
    FROM (
        SELECT id, state_snapshot_id AS snapshot_id, correlation_id, session_id, agent_name, execution_step, occurred_at
        FROM debug_error_events WHERE state_snapshot_id IS NOT NULL
        UNION ALL
        SELECT id, state_snapshot_id, correlation_id, session_id, agent_name, execution_step, occurred_at
        FROM debug_success_events WHERE state_snapshot_id IS NOT NULL
    ) AS e
    JOIN debug_state_snapshots AS s ON s.id = e.snapshot_id AND s.correlation_id <> e.correlation_id
    ORDER BY e.snapshot_id, e.correlation_id, e.occurred_at, e.id;
END
$$;

COMMENT ON COLUMN debug_state_snapshots.correlation_id IS
    'The workflow that captured this state first; debug_state_captures has all';

-- As 005 has it, but for the captures.  The state is locked while the capture is added, or it might be deleted between.
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
AS $$
DECLARE
    v_hash CONSTANT TEXT := debug_state_hash(p_agent_state);
    v_now CONSTANT TIMESTAMP WITH TIME ZONE := clock_timestamp();
    v_id UUID;
BEGIN
    FOR attempt IN 1..100 LOOP
        INSERT INTO debug_state_snapshots (
            id, snapshot_type, correlation_id, session_id, agent_name, agent_state, state_hash, execution_step,
            task_description, state_size_bytes, variables_count, captured_at
        ) VALUES (
            debug_snapshot_id(v_hash, p_snapshot_type), p_snapshot_type, p_correlation_id, p_session_id, p_agent_name,
            p_agent_state, v_hash, p_execution_step, p_task_description, debug_state_size(p_agent_state),
            debug_state_variables(p_agent_state), v_now
        )
        ON CONFLICT DO NOTHING
        RETURNING id INTO v_id;
        IF NOT FOUND THEN
            SELECT id INTO v_id FROM debug_state_snapshots
            WHERE state_hash = v_hash AND snapshot_type = p_snapshot_type
            FOR KEY SHARE;
        END IF;
        IF FOUND THEN
            INSERT INTO debug_state_captures (
                snapshot_id, correlation_id, session_id, agent_name, execution_step, task_description, captured_at
            ) VALUES (
                v_id, p_correlation_id, p_session_id, p_agent_name, p_execution_step, p_task_description, v_now
            );
            RETURN v_id;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'the id of this % snapshot is taken by a row with another state_hash', p_snapshot_type
        USING ERRCODE = 'unique_violation';
END
$$;

-- ====================================================================================================================
-- Workflows: which there are, and when each began, so that the latest and those of a session are found
-- ====================================================================================================================

CREATE TABLE IF NOT EXISTS debug_workflows (
    correlation_id UUID PRIMARY KEY,
    session_id UUID,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_debug_workflows_started ON debug_workflows (started_at);
CREATE INDEX IF NOT EXISTS idx_debug_workflows_session
    ON debug_workflows (session_id, started_at) WHERE session_id IS NOT NULL;

COMMENT ON TABLE debug_workflows IS
    'Every workflow that has a run, step, event or state, each once. Kept by triggers.';
COMMENT ON COLUMN debug_workflows.correlation_id IS 'The workflow';
COMMENT ON COLUMN debug_workflows.session_id IS
    'What groups workflows; of several, the greatest; NULL where nothing says';
COMMENT ON COLUMN debug_workflows.started_at IS 'When the first of all that is recorded of it happened';

CREATE OR REPLACE FUNCTION register_workflow() RETURNS TRIGGER
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
DECLARE
    v_at TIMESTAMP WITH TIME ZONE;
BEGIN
    IF TG_ARGV[0] = 'started_at' THEN
        v_at := NEW.started_at;
    ELSIF TG_ARGV[0] = 'occurred_at' THEN
        v_at := NEW.occurred_at;
    ELSE
        v_at := NEW.captured_at;
    END IF;
    -- Who finds it known takes no lock: many write in one workflow at once.
    IF NOT EXISTS (
        SELECT FROM debug_workflows
        WHERE correlation_id = NEW.correlation_id AND started_at <= v_at
            AND (NEW.session_id IS NULL OR session_id >= NEW.session_id)
    ) THEN
        INSERT INTO debug_workflows AS known (correlation_id, session_id, started_at)
        VALUES (NEW.correlation_id, NEW.session_id, v_at)
        ON CONFLICT (correlation_id) DO UPDATE SET
            session_id = greatest(known.session_id, excluded.session_id),
            started_at = least(known.started_at, excluded.started_at);
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION register_workflow() IS 'Adds the workflow of a row to debug_workflows, by the time that it names';

-- The loader's rows are all of runs, which are registered by themselves: it sets debugloop.loading, and is spared.
DO $$
DECLARE
    item RECORD;
BEGIN
    FOR item IN
        SELECT * FROM (VALUES
            ('debug_runs', 'started_at', ''),
            ('debug_workflow_steps', 'started_at', 'loading'),
            ('debug_error_events', 'occurred_at', 'loading'),
            ('debug_success_events', 'occurred_at', 'loading'),
            ('debug_state_snapshots', 'captured_at', 'loading'),
            ('debug_state_captures', 'captured_at', 'loading')
        ) AS list (table_name, moment, unless)
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER %1$s_workflow AFTER INSERT OR UPDATE OF correlation_id, session_id, %2$s'
            ' ON %1$s FOR EACH ROW %3$s EXECUTE FUNCTION register_workflow(%2$L)',
            item.table_name, item.moment,
            CASE WHEN item.unless <> '' THEN
                'WHEN (current_setting(''debugloop.loading'', TRUE) IS DISTINCT FROM ''on'')' ELSE '' END
        );
    END LOOP;
END
$$;

INSERT INTO debug_workflows (correlation_id, session_id, started_at)
SELECT correlation_id, max(session_id::text)::uuid, min(at)
FROM (
    SELECT correlation_id, session_id, started_at AS at FROM debug_runs
    UNION ALL
    SELECT correlation_id, session_id, started_at FROM debug_workflow_steps
    UNION ALL
    SELECT correlation_id, session_id, occurred_at FROM debug_error_events
    UNION ALL
    SELECT correlation_id, session_id, occurred_at FROM debug_success_events
    UNION ALL
    SELECT correlation_id, session_id, captured_at FROM debug_state_captures
) AS known
GROUP BY correlation_id
ON CONFLICT (correlation_id) DO NOTHING;

-- From workflow to workflow, each table is aggregated apart: nothing multiplies, and a condition on the workflow or the
-- session, or the order of workflow_started with a limit, spares all others.
CREATE OR REPLACE VIEW debug_workflow_context AS
SELECT
    workflow.correlation_id,
    workflow.session_id,
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
    workflow.started_at AS workflow_started,
    greatest(st.last_at, er.last_at, su.last_at, sn.last_at) AS workflow_completed,
    EXTRACT(EPOCH FROM (greatest(st.last_at, er.last_at, su.last_at, sn.last_at) - workflow.started_at)) * 1000
        AS duration_ms
FROM debug_workflows AS workflow
CROSS JOIN LATERAL (
    SELECT count(*) AS total, array_agg(DISTINCT s.agent_name) AS agents,
        array_agg(s.pre_state_snapshot_id) FILTER (WHERE s.pre_state_snapshot_id IS NOT NULL) AS pre_snapshots,
        array_agg(s.post_state_snapshot_id) FILTER (WHERE s.post_state_snapshot_id IS NOT NULL) AS post_snapshots,
        max(s.completed_at) AS last_at
    FROM debug_workflow_steps AS s WHERE s.correlation_id = workflow.correlation_id
) AS st
CROSS JOIN LATERAL (
    SELECT count(*) AS total, array_agg(DISTINCT e.agent_name) AS agents,
        array_agg(e.state_snapshot_id) FILTER (WHERE e.state_snapshot_id IS NOT NULL) AS snapshots,
        max(e.occurred_at) AS last_at
    FROM debug_error_events AS e WHERE e.correlation_id = workflow.correlation_id
) AS er
CROSS JOIN LATERAL (
    SELECT count(*) AS total, array_agg(DISTINCT s.agent_name) AS agents,
        array_agg(s.state_snapshot_id) FILTER (WHERE s.state_snapshot_id IS NOT NULL) AS snapshots,
        max(s.occurred_at) AS last_at
    FROM debug_success_events AS s WHERE s.correlation_id = workflow.correlation_id
) AS su
CROSS JOIN LATERAL (
    SELECT count(*) AS total, array_agg(DISTINCT s.agent_name) AS agents, array_agg(s.id) AS snapshots,
        max(s.captured_at) AS last_at
    FROM (
        SELECT id, agent_name, captured_at FROM debug_state_snapshots WHERE correlation_id = workflow.correlation_id
        UNION ALL
        SELECT snapshot_id, agent_name, captured_at FROM debug_state_captures
        WHERE correlation_id = workflow.correlation_id
    ) AS s
) AS sn
-- Of rows that were deleted, a workflow may be left.
WHERE st.total + er.total + su.total + sn.total > 0;

COMMENT ON COLUMN debug_workflow_context.snapshot_count IS
    'How many different states were captured in it, or are referred to by its steps and events';
COMMENT ON COLUMN debug_workflow_context.duration_ms IS
    'Milliseconds from its start to the last of all that happened';
