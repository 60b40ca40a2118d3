-- Add debug loop tables for state tracking and error/success analysis
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  Every statement may run again and
-- change nothing.  Tables first and foreign keys after, for snapshots and transformations refer to each other.

-- ====================================================================================================================
-- Tables
-- ====================================================================================================================

CREATE TABLE IF NOT EXISTS debug_state_snapshots (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),

    snapshot_type VARCHAR(50) NOT NULL,
    correlation_id UUID NOT NULL,
    session_id UUID,

    agent_name VARCHAR(255) NOT NULL,
    agent_state JSONB NOT NULL,
    state_hash VARCHAR(64) NOT NULL,

    execution_step INTEGER,
    task_description TEXT,
    user_request TEXT,

    state_size_bytes INTEGER,
    variables_count INTEGER,
    context_depth INTEGER,

    memory_usage_mb DECIMAL(10,2),
    cpu_time_ms INTEGER,
    wall_time_ms INTEGER,

    transformation_event_id UUID,
    parent_snapshot_id UUID,

    -- The clock, not now(): what is captured in one transaction keeps its order and its distance.
    captured_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT debug_state_snapshots_snapshot_type_check
        CHECK (snapshot_type IN ('error', 'success', 'checkpoint', 'pre_transform', 'post_transform'))
);

CREATE TABLE IF NOT EXISTS debug_error_events (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),

    correlation_id UUID NOT NULL,
    session_id UUID,

    error_type VARCHAR(100) NOT NULL,
    error_category VARCHAR(50) NOT NULL,
    error_severity VARCHAR(20) NOT NULL,

    error_message TEXT NOT NULL,
    error_stack_trace TEXT,
    error_code VARCHAR(50),

    agent_name VARCHAR(255) NOT NULL,
    operation_name VARCHAR(255),
    execution_step INTEGER,

    state_snapshot_id UUID,

    is_recoverable BOOLEAN DEFAULT FALSE,
    recovery_attempted BOOLEAN DEFAULT FALSE,
    recovery_successful BOOLEAN,
    recovery_strategy VARCHAR(100),

    metadata JSONB,

    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
    resolved_at TIMESTAMP WITH TIME ZONE,

    CONSTRAINT debug_error_events_severity_check
        CHECK (error_severity IN ('low', 'medium', 'high', 'critical')),
    CONSTRAINT debug_error_events_category_check
        CHECK (error_category IN ('agent', 'framework', 'external', 'user'))
);

CREATE TABLE IF NOT EXISTS debug_success_events (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),

    correlation_id UUID NOT NULL,
    session_id UUID,

    success_type VARCHAR(100) NOT NULL,
    operation_name VARCHAR(255) NOT NULL,

    agent_name VARCHAR(255) NOT NULL,
    execution_step INTEGER,

    state_snapshot_id UUID,

    quality_score DECIMAL(5,4),
    completion_status VARCHAR(50),
    validation_passed BOOLEAN DEFAULT TRUE,

    execution_time_ms INTEGER,
    retry_count INTEGER DEFAULT 0,

    success_factors JSONB,
    metadata JSONB,

    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT debug_success_events_quality_check
        CHECK (quality_score IS NULL OR (quality_score >= 0 AND quality_score <= 1))
);

CREATE TABLE IF NOT EXISTS debug_error_success_correlation (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),

    error_event_id UUID NOT NULL,
    success_event_id UUID NOT NULL,

    correlation_id UUID NOT NULL,
    recovery_path TEXT,
    recovery_duration_ms INTEGER,
    intermediate_steps INTEGER,

    recovery_strategy VARCHAR(100),
    confidence_score DECIMAL(5,4) NOT NULL,

    correlated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT debug_error_success_correlation_unique
        UNIQUE (error_event_id, success_event_id),
    CONSTRAINT debug_error_success_correlation_confidence_check
        CHECK (confidence_score >= 0 AND confidence_score <= 1)
);

CREATE TABLE IF NOT EXISTS debug_workflow_steps (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),

    correlation_id UUID NOT NULL,
    session_id UUID,
    step_number INTEGER NOT NULL,

    step_type VARCHAR(100) NOT NULL,
    agent_name VARCHAR(255) NOT NULL,
    operation_name VARCHAR(255) NOT NULL,
    step_description TEXT,

    pre_state_snapshot_id UUID,
    post_state_snapshot_id UUID,

    status VARCHAR(50) NOT NULL,
    error_event_id UUID,
    success_event_id UUID,

    duration_ms INTEGER,

    parent_step_id UUID,
    depends_on_steps INTEGER[],

    input_data JSONB,
    output_data JSONB,
    metadata JSONB,

    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,

    CONSTRAINT debug_workflow_steps_status_check
        CHECK (status IN ('started', 'completed', 'failed', 'skipped')),
    CONSTRAINT debug_workflow_steps_unique_step
        UNIQUE (correlation_id, step_number)
);

-- ====================================================================================================================
-- The host's table gets three columns
-- ====================================================================================================================

DO $$
DECLARE
    host CONSTANT REGCLASS := 'agent_transformation_events'::regclass;
    added RECORD;
BEGIN
    FOR added IN
        SELECT * FROM (VALUES
            ('state_snapshot_id', 'The agent''s state at this transformation.'),
            ('error_event_id', 'The error that this transformation met or answered.'),
            ('success_event_id', 'The success that this transformation led to.')
        ) AS list (column_name, meaning)
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = host AND attname = added.column_name AND NOT attisdropped
        );
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I UUID', host, added.column_name);
        -- The rollback drops only a column whose comment ends like this.
        EXECUTE format(
            'COMMENT ON COLUMN %s.%I IS %L', host, added.column_name, added.meaning || ' Added by pytest-debugloop.'
        );
    END LOOP;
END
$$;

-- ====================================================================================================================
-- Foreign keys: what may be deleted takes its links along (CASCADE) or is forgotten by what outlives it (SET NULL)
-- ====================================================================================================================

DO $$
DECLARE
    wanted RECORD;
BEGIN
    FOR wanted IN
        SELECT child::regclass AS child, column_name, parent::regclass AS parent, action,
            format('%s_%s_fkey', child, column_name) AS constraint_name
        FROM (VALUES
            ('debug_state_snapshots', 'transformation_event_id', 'agent_transformation_events', 'SET NULL'),
            ('debug_state_snapshots', 'parent_snapshot_id', 'debug_state_snapshots', 'SET NULL'),
            ('debug_error_events', 'state_snapshot_id', 'debug_state_snapshots', 'SET NULL'),
            ('debug_success_events', 'state_snapshot_id', 'debug_state_snapshots', 'SET NULL'),
            ('debug_error_success_correlation', 'error_event_id', 'debug_error_events', 'CASCADE'),
            ('debug_error_success_correlation', 'success_event_id', 'debug_success_events', 'CASCADE'),
            ('debug_workflow_steps', 'pre_state_snapshot_id', 'debug_state_snapshots', 'SET NULL'),
            ('debug_workflow_steps', 'post_state_snapshot_id', 'debug_state_snapshots', 'SET NULL'),
            ('debug_workflow_steps', 'error_event_id', 'debug_error_events', 'SET NULL'),
            ('debug_workflow_steps', 'success_event_id', 'debug_success_events', 'SET NULL'),
            ('debug_workflow_steps', 'parent_step_id', 'debug_workflow_steps', 'SET NULL'),
            ('agent_transformation_events', 'state_snapshot_id', 'debug_state_snapshots', 'SET NULL'),
            ('agent_transformation_events', 'error_event_id', 'debug_error_events', 'SET NULL'),
            ('agent_transformation_events', 'success_event_id', 'debug_success_events', 'SET NULL')
        ) AS list (child, column_name, parent, action)
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_constraint AS fk
            JOIN pg_attribute AS a ON a.attrelid = fk.conrelid AND a.attnum = fk.conkey[1]
            WHERE fk.contype = 'f' AND fk.conrelid = wanted.child AND fk.confrelid = wanted.parent
                AND cardinality(fk.conkey) = 1 AND a.attname = wanted.column_name
                AND fk.confdeltype = CASE wanted.action WHEN 'CASCADE' THEN 'c' ELSE 'n' END::"char"
        );
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %s (id) ON DELETE %s',
            wanted.child, wanted.constraint_name, wanted.column_name, wanted.parent, wanted.action
        );
    END LOOP;
END
$$;

-- ====================================================================================================================
-- Indexes: the documented ones, and one for every foreign key, or each delete scans the whole table
-- ====================================================================================================================

CREATE INDEX IF NOT EXISTS idx_debug_state_snapshots_correlation
    ON debug_state_snapshots (correlation_id, captured_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_state_snapshots_session
    ON debug_state_snapshots (session_id, captured_at DESC) WHERE session_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_state_snapshots_agent
    ON debug_state_snapshots (agent_name, snapshot_type, captured_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_state_snapshots_type_time
    ON debug_state_snapshots (snapshot_type, captured_at DESC);
-- Unique: this is what makes the same state one row, whoever captures it and however many do so at once.
CREATE UNIQUE INDEX IF NOT EXISTS idx_debug_state_snapshots_hash
    ON debug_state_snapshots (state_hash, snapshot_type);
CREATE INDEX IF NOT EXISTS idx_debug_state_snapshots_parent
    ON debug_state_snapshots (parent_snapshot_id) WHERE parent_snapshot_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_state_snapshots_transformation
    ON debug_state_snapshots (transformation_event_id) WHERE transformation_event_id IS NOT NULL;
-- Measured over states of 3 to 8 KB, microseconds to insert one (WAL): without this index 430 (7 KB), so 800 (20 KB),
-- with the default jsonb_ops 1,200 (37 KB).  It finds by containment (@>) in 20,000 states in 1 to 6 ms, a scan in
-- 100 to 230 ms.
CREATE INDEX IF NOT EXISTS idx_debug_state_snapshots_state
    ON debug_state_snapshots USING GIN (agent_state jsonb_path_ops);

CREATE INDEX IF NOT EXISTS idx_debug_error_events_correlation
    ON debug_error_events (correlation_id, occurred_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_error_events_session
    ON debug_error_events (session_id, occurred_at DESC) WHERE session_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_error_events_agent_type
    ON debug_error_events (agent_name, error_type, occurred_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_error_events_severity
    ON debug_error_events (error_severity, occurred_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_error_events_state
    ON debug_error_events (state_snapshot_id) WHERE state_snapshot_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_error_events_recovery
    ON debug_error_events (is_recoverable, recovery_successful) WHERE recovery_attempted = TRUE;

CREATE INDEX IF NOT EXISTS idx_debug_success_events_correlation
    ON debug_success_events (correlation_id, occurred_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_success_events_agent
    ON debug_success_events (agent_name, success_type, occurred_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_success_events_quality
    ON debug_success_events (quality_score DESC, occurred_at DESC) WHERE quality_score IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_success_events_state
    ON debug_success_events (state_snapshot_id) WHERE state_snapshot_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS idx_debug_error_success_correlation_error
    ON debug_error_success_correlation (error_event_id);
CREATE INDEX IF NOT EXISTS idx_debug_error_success_correlation_success
    ON debug_error_success_correlation (success_event_id);
CREATE INDEX IF NOT EXISTS idx_debug_error_success_correlation_workflow
    ON debug_error_success_correlation (correlation_id, correlated_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_error_success_correlation_strategy
    ON debug_error_success_correlation (recovery_strategy, confidence_score DESC);

CREATE INDEX IF NOT EXISTS idx_debug_workflow_steps_correlation
    ON debug_workflow_steps (correlation_id, step_number);
CREATE INDEX IF NOT EXISTS idx_debug_workflow_steps_agent
    ON debug_workflow_steps (agent_name, started_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_workflow_steps_status
    ON debug_workflow_steps (status, started_at DESC);
CREATE INDEX IF NOT EXISTS idx_debug_workflow_steps_error
    ON debug_workflow_steps (error_event_id) WHERE error_event_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_workflow_steps_success
    ON debug_workflow_steps (success_event_id) WHERE success_event_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_workflow_steps_parent
    ON debug_workflow_steps (parent_step_id) WHERE parent_step_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_workflow_steps_pre_state
    ON debug_workflow_steps (pre_state_snapshot_id) WHERE pre_state_snapshot_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_workflow_steps_post_state
    ON debug_workflow_steps (post_state_snapshot_id) WHERE post_state_snapshot_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS idx_agent_transformation_events_state_snapshot
    ON agent_transformation_events (state_snapshot_id) WHERE state_snapshot_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_agent_transformation_events_error
    ON agent_transformation_events (error_event_id) WHERE error_event_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_agent_transformation_events_success
    ON agent_transformation_events (success_event_id) WHERE success_event_id IS NOT NULL;

-- ====================================================================================================================
-- What a state is: each answer in one place, for the server hashes what it stores and not what a client printed
-- ====================================================================================================================

-- The bodies in the form RETURN ... are bound to what they name when they are created: no search_path can bend them.

CREATE OR REPLACE FUNCTION debug_state_hash(state JSONB) RETURNS TEXT
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN encode(sha256(convert_to(state::text, 'UTF8')), 'hex');

CREATE OR REPLACE FUNCTION debug_state_size(state JSONB) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN octet_length(convert_to(state::text, 'UTF8'));

CREATE OR REPLACE FUNCTION debug_state_variables(state JSONB) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE jsonb_typeof(state)
        WHEN 'object' THEN (SELECT count(*)::integer FROM jsonb_object_keys(state))
        WHEN 'array' THEN jsonb_array_length(state)
        ELSE 1
    END;

-- 16 bytes of a SHA-256, with the version (8: custom) and the variant of RFC 9562 written over six of their bits.
CREATE OR REPLACE FUNCTION debug_snapshot_id(state_hash TEXT, snapshot_type TEXT) RETURNS UUID
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (
        SELECT encode(
            set_byte(set_byte(b, 6, (get_byte(b, 6) & 15) | 128), 8, (get_byte(b, 8) & 63) | 128), 'hex'
        )::uuid
        FROM (SELECT substring(sha256(convert_to(state_hash || ' ' || snapshot_type, 'UTF8')) FROM 1 FOR 16)) AS d (b)
    );

COMMENT ON FUNCTION debug_state_hash(JSONB) IS
    'SHA-256, in hexadecimal digits, of a state as PostgreSQL writes its jsonb: the one hash a state has.';
COMMENT ON FUNCTION debug_state_size(JSONB) IS
    'Bytes, in UTF-8, of a state as PostgreSQL writes its jsonb.';
COMMENT ON FUNCTION debug_state_variables(JSONB) IS
    'How many variables a state holds: the keys of an object, the elements of an array, 1 for a scalar or null.';
COMMENT ON FUNCTION debug_snapshot_id(TEXT, TEXT) IS
    'The id (UUID version 8) that a snapshot of this state hash and type has, made from the two.';

-- ====================================================================================================================
-- Capturing and numbering
-- ====================================================================================================================

-- Two who capture one state at once both get the id of one row: the second waits for the first in ON CONFLICT, which
-- names no index so that it covers the primary key too, and then reads what the first left.  That row may be deleted in
-- between, hence more than one try.
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
$$;

COMMENT ON FUNCTION capture_state_snapshot(VARCHAR, UUID, VARCHAR, JSONB, TEXT, UUID, INTEGER) IS
    'Captures agent state snapshot with automatic deduplication';

-- The one allocator of step numbers: whoever adds steps to a workflow asks here first, and the next one who asks waits
-- until that transaction ends.  With several workflows in one transaction ask in the order of their ids, or two of them
-- wait for each other.
CREATE OR REPLACE FUNCTION debug_next_step_number(p_correlation_id UUID) RETURNS INTEGER
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('debug_workflow_steps'), hashtext(p_correlation_id::text));
    -- A statement of its own, after the lock, so that it sees what the last holder committed.
    RETURN (
        SELECT coalesce(max(step_number), 0) + 1 FROM debug_workflow_steps WHERE correlation_id = p_correlation_id
    );
END
$$;

COMMENT ON FUNCTION debug_next_step_number(UUID) IS
    'The first free step number of a workflow: it and all above are the caller''s until its transaction ends';

-- ====================================================================================================================
-- A recovery belongs to the workflow in which it happened: that of its success
-- ====================================================================================================================

CREATE OR REPLACE FUNCTION debug_check_recovery_workflow() RETURNS TRIGGER
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
DECLARE
    v_workflow UUID;
BEGIN
    SELECT correlation_id INTO v_workflow FROM debug_success_events WHERE id = NEW.success_event_id;
    -- A success that is not there is for the foreign key to refuse.
    IF FOUND AND NEW.correlation_id IS DISTINCT FROM v_workflow THEN
        RAISE EXCEPTION 'a recovery has the correlation_id of its success event, % and not %',
            v_workflow, NEW.correlation_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'debug_error_success_correlation_workflow_check',
            TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION debug_move_recovery_workflow() RETURNS TRIGGER
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    UPDATE debug_error_success_correlation SET correlation_id = NEW.correlation_id WHERE success_event_id = NEW.id;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER debug_error_success_correlation_workflow_check
    BEFORE INSERT OR UPDATE OF correlation_id, success_event_id ON debug_error_success_correlation
    FOR EACH ROW EXECUTE FUNCTION debug_check_recovery_workflow();

CREATE OR REPLACE TRIGGER debug_success_events_workflow_moved
    AFTER UPDATE OF correlation_id ON debug_success_events
    FOR EACH ROW WHEN (OLD.correlation_id IS DISTINCT FROM NEW.correlation_id)
    EXECUTE FUNCTION debug_move_recovery_workflow();

COMMENT ON FUNCTION debug_check_recovery_workflow() IS
    'Refuses a recovery whose correlation_id is not that of its success event';
COMMENT ON FUNCTION debug_move_recovery_workflow() IS
    'Lets recoveries follow a success event whose correlation_id changes';

-- ====================================================================================================================
-- Views
-- ====================================================================================================================

-- Real PostToolUse rows keep quality and classification under payload.enhanced_metadata, and flattened in metadata; the
-- documented shape has them at the top of payload.  What is no number is no score, and no error of the whole view.
CREATE OR REPLACE VIEW debug_llm_call_summary AS
SELECT
    h.id AS hook_event_id,
    coalesce(h.metadata ->> 'session_id', h.payload ->> 'session_id') AS session_id,
    h.metadata ->> 'correlation_id' AS correlation_id,
    h.resource_id AS tool_name,
    CASE WHEN raw.quality ~ '^[+-]?[0-9]{1,9}([.][0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$' THEN raw.quality::numeric END
        AS quality_score,
    coalesce(
        h.payload ->> 'success_classification',
        h.payload #>> '{enhanced_metadata,success_classification}',
        h.metadata ->> 'success_classification'
    ) AS success_classification,
    h.created_at AS call_timestamp,
    h.metadata ->> 'agent_name' AS agent_name,
    CASE WHEN raw.time_ms ~ '^[0-9]{1,15}([.][0-9]{1,18})?$' THEN raw.time_ms::numeric END AS execution_time_ms
FROM hook_events AS h
CROSS JOIN LATERAL (
    SELECT
        coalesce(
            h.payload #>> '{quality_metrics,quality_score}',
            h.payload #>> '{enhanced_metadata,quality_metrics,quality_score}',
            h.metadata #>> '{quality_metrics,quality_score}'
        ) AS quality,
        coalesce(
            h.payload #>> '{performance_metrics,execution_time_ms}',
            h.payload #>> '{enhanced_metadata,performance_metrics,execution_time_ms}',
            h.metadata #>> '{performance_metrics,execution_time_ms}'
        ) AS time_ms
) AS raw
WHERE h.source = 'PostToolUse'
    AND h.metadata ->> 'correlation_id' IS NOT NULL;

COMMENT ON VIEW debug_llm_call_summary IS
    'Extracts LLM call metrics from hook_events for debug analysis';

-- Each table is aggregated apart, for one workflow at a time, so nothing multiplies.  A condition on correlation_id
-- reaches the index of each: 3 ms for a workflow of 1,000 steps among 540,000, 60 ms for one of 40,000.
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
) AS sn;

COMMENT ON VIEW debug_workflow_context IS
    'Aggregated debug context for workflows - entry point for debug analysis';

-- An error that many successes followed was recovered once, by the first of them.
CREATE OR REPLACE VIEW debug_recovery_patterns AS
SELECT
    first_recovery.error_type,
    first_recovery.recovery_strategy,
    count(*) AS errors_recovered,
    avg(first_recovery.recovery_duration_ms) AS avg_duration_ms,
    avg(first_recovery.confidence_score) AS avg_confidence
FROM (
    SELECT DISTINCT ON (c.error_event_id)
        e.error_type, c.recovery_strategy, c.recovery_duration_ms, c.confidence_score
    FROM debug_error_success_correlation AS c
    JOIN debug_error_events AS e ON e.id = c.error_event_id
    ORDER BY c.error_event_id, c.recovery_duration_ms NULLS LAST, c.confidence_score DESC, c.id
) AS first_recovery
GROUP BY first_recovery.error_type, first_recovery.recovery_strategy;

COMMENT ON VIEW debug_recovery_patterns IS
    'What made errors of each type recover, each error counted once';

-- ====================================================================================================================
-- Comments
-- ====================================================================================================================

COMMENT ON TABLE debug_state_snapshots IS
    'Captures agent state at critical points for debug replay and analysis. ONEX Effect node.';
COMMENT ON COLUMN debug_state_snapshots.id IS 'debug_snapshot_id(state_hash, snapshot_type)';
COMMENT ON COLUMN debug_state_snapshots.snapshot_type IS 'error, success, checkpoint, pre_transform or post_transform';
COMMENT ON COLUMN debug_state_snapshots.correlation_id IS 'The workflow that captured this state first';
COMMENT ON COLUMN debug_state_snapshots.session_id IS 'What groups workflows';
COMMENT ON COLUMN debug_state_snapshots.agent_name IS 'Who was in this state';
COMMENT ON COLUMN debug_state_snapshots.agent_state IS
    'Full agent state including context, variables, and execution metadata';
COMMENT ON COLUMN debug_state_snapshots.state_hash IS
    'SHA-256 hash for deduplication - same state should not be captured twice';
COMMENT ON COLUMN debug_state_snapshots.execution_step IS 'The step_number at which it was captured first';
COMMENT ON COLUMN debug_state_snapshots.task_description IS 'What the agent was trying to do';
COMMENT ON COLUMN debug_state_snapshots.user_request IS 'What the user had asked for';
COMMENT ON COLUMN debug_state_snapshots.state_size_bytes IS 'debug_state_size(agent_state): bytes, not characters';
COMMENT ON COLUMN debug_state_snapshots.variables_count IS
    'debug_state_variables(agent_state): keys of an object, elements of an array, 1 for a scalar or null';
COMMENT ON COLUMN debug_state_snapshots.context_depth IS 'How deep in the chain of delegation, or of calls';
COMMENT ON COLUMN debug_state_snapshots.memory_usage_mb IS 'Memory of the process at the capture';
COMMENT ON COLUMN debug_state_snapshots.cpu_time_ms IS 'Processor time used up to the capture';
COMMENT ON COLUMN debug_state_snapshots.wall_time_ms IS 'Time passed up to the capture';
COMMENT ON COLUMN debug_state_snapshots.transformation_event_id IS 'The transformation it was captured at';
COMMENT ON COLUMN debug_state_snapshots.parent_snapshot_id IS 'The snapshot before it';
COMMENT ON COLUMN debug_state_snapshots.captured_at IS 'When it was captured first';

COMMENT ON TABLE debug_error_events IS
    'Tracks error occurrences with full context for analysis and recovery. ONEX Effect node.';
COMMENT ON COLUMN debug_error_events.correlation_id IS 'The workflow in which it occurred';
COMMENT ON COLUMN debug_error_events.session_id IS 'What groups workflows';
COMMENT ON COLUMN debug_error_events.error_type IS 'validation_error, execution_error, timeout and so on';
COMMENT ON COLUMN debug_error_events.error_category IS 'Whose fault it looks like: agent, framework, external or user';
COMMENT ON COLUMN debug_error_events.error_severity IS 'low, medium, high or critical';
COMMENT ON COLUMN debug_error_events.error_message IS 'What the exception says';
COMMENT ON COLUMN debug_error_events.error_stack_trace IS 'The traceback as text';
COMMENT ON COLUMN debug_error_events.error_code IS 'The class name of the exception';
COMMENT ON COLUMN debug_error_events.agent_name IS 'Who failed';
COMMENT ON COLUMN debug_error_events.operation_name IS 'What failed';
COMMENT ON COLUMN debug_error_events.execution_step IS 'The step_number of the step that failed';
COMMENT ON COLUMN debug_error_events.state_snapshot_id IS 'The state at the error';
COMMENT ON COLUMN debug_error_events.is_recoverable IS 'Whether a later attempt may pass';
COMMENT ON COLUMN debug_error_events.recovery_attempted IS 'Whether it was tried again';
COMMENT ON COLUMN debug_error_events.recovery_successful IS 'Whether an attempt passed; NULL while none is known';
COMMENT ON COLUMN debug_error_events.recovery_strategy IS 'What made it recover';
COMMENT ON COLUMN debug_error_events.metadata IS 'What else is known';
COMMENT ON COLUMN debug_error_events.occurred_at IS 'When it occurred';
COMMENT ON COLUMN debug_error_events.resolved_at IS 'When the same operation first succeeded again';

COMMENT ON TABLE debug_success_events IS
    'Tracks successful operations for pattern learning and optimization. ONEX Effect node.';
COMMENT ON COLUMN debug_success_events.correlation_id IS 'The workflow in which it succeeded';
COMMENT ON COLUMN debug_success_events.session_id IS 'What groups workflows';
COMMENT ON COLUMN debug_success_events.success_type IS 'task_completion, validation_pass or recovery_success';
COMMENT ON COLUMN debug_success_events.operation_name IS 'What succeeded';
COMMENT ON COLUMN debug_success_events.agent_name IS 'Who succeeded';
COMMENT ON COLUMN debug_success_events.execution_step IS 'The step_number of the step that succeeded';
COMMENT ON COLUMN debug_success_events.state_snapshot_id IS 'The state at the success';
COMMENT ON COLUMN debug_success_events.quality_score IS 'From 0 to 1';
COMMENT ON COLUMN debug_success_events.completion_status IS 'full, partial or degraded';
COMMENT ON COLUMN debug_success_events.validation_passed IS 'Whether it was checked and found right';
COMMENT ON COLUMN debug_success_events.execution_time_ms IS 'How long it took';
COMMENT ON COLUMN debug_success_events.retry_count IS 'Attempts before this one';
COMMENT ON COLUMN debug_success_events.success_factors IS 'What contributed to the success';
COMMENT ON COLUMN debug_success_events.metadata IS 'What else is known';
COMMENT ON COLUMN debug_success_events.occurred_at IS 'When it succeeded';

COMMENT ON TABLE debug_error_success_correlation IS
    'Links errors to eventual successes for recovery pattern learning. ONEX Reducer node.';
COMMENT ON COLUMN debug_error_success_correlation.error_event_id IS 'What was recovered from';
COMMENT ON COLUMN debug_error_success_correlation.success_event_id IS 'What shows the recovery';
COMMENT ON COLUMN debug_error_success_correlation.correlation_id IS
    'The workflow in which the recovery happened: that of the success event';
COMMENT ON COLUMN debug_error_success_correlation.recovery_path IS 'How the error led to the success';
COMMENT ON COLUMN debug_error_success_correlation.recovery_duration_ms IS 'Time from the error to the success';
COMMENT ON COLUMN debug_error_success_correlation.intermediate_steps IS 'Steps between the error and the success';
COMMENT ON COLUMN debug_error_success_correlation.recovery_strategy IS 'What was different at the success';
COMMENT ON COLUMN debug_error_success_correlation.confidence_score IS 'How sure the strategy is, from 0 to 1';
COMMENT ON COLUMN debug_error_success_correlation.correlated_at IS 'When the two were linked';

COMMENT ON TABLE debug_workflow_steps IS
    'Tracks discrete workflow steps for replay and dependency analysis. ONEX Effect node.';
COMMENT ON COLUMN debug_workflow_steps.correlation_id IS 'The workflow that the step is of';
COMMENT ON COLUMN debug_workflow_steps.session_id IS 'What groups workflows';
COMMENT ON COLUMN debug_workflow_steps.step_number IS 'Its place in the workflow, counted from 1 without gaps';
COMMENT ON COLUMN debug_workflow_steps.step_type IS 'What kind of step it is';
COMMENT ON COLUMN debug_workflow_steps.agent_name IS 'Who took the step';
COMMENT ON COLUMN debug_workflow_steps.operation_name IS 'What the step was for';
COMMENT ON COLUMN debug_workflow_steps.step_description IS 'The step in words';
COMMENT ON COLUMN debug_workflow_steps.pre_state_snapshot_id IS 'The state before';
COMMENT ON COLUMN debug_workflow_steps.post_state_snapshot_id IS 'The state after';
COMMENT ON COLUMN debug_workflow_steps.status IS
    'started, then completed, failed or skipped; one that never ended stays started';
COMMENT ON COLUMN debug_workflow_steps.error_event_id IS 'The error it ended with';
COMMENT ON COLUMN debug_workflow_steps.success_event_id IS 'The success it ended with';
COMMENT ON COLUMN debug_workflow_steps.duration_ms IS 'How long it took';
COMMENT ON COLUMN debug_workflow_steps.parent_step_id IS 'The step that it is a part of';
COMMENT ON COLUMN debug_workflow_steps.depends_on_steps IS 'The step_number of each step that had to be done before';
COMMENT ON COLUMN debug_workflow_steps.input_data IS 'What went in';
COMMENT ON COLUMN debug_workflow_steps.output_data IS 'What came out';
COMMENT ON COLUMN debug_workflow_steps.metadata IS 'What else is known';
COMMENT ON COLUMN debug_workflow_steps.started_at IS 'When it started';
COMMENT ON COLUMN debug_workflow_steps.completed_at IS 'When it ended';
