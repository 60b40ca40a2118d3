-- Keep what tests and programs record themselves: artifacts, and rows of the host's tables
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

CREATE TABLE IF NOT EXISTS debug_artifacts (
    id UUID PRIMARY KEY,
    content_hash VARCHAR(64) NOT NULL,
    size_bytes INTEGER NOT NULL,
    content BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT debug_artifacts_unique_content UNIQUE (content_hash)
);

CREATE TABLE IF NOT EXISTS debug_snapshot_artifacts (
    id UUID PRIMARY KEY,
    artifact_id UUID NOT NULL REFERENCES debug_artifacts (id) ON DELETE CASCADE,
    snapshot_id UUID REFERENCES debug_state_snapshots (id) ON DELETE CASCADE,
    step_id UUID REFERENCES debug_workflow_steps (id) ON DELETE CASCADE,
    correlation_id UUID NOT NULL,
    run_id UUID,
    origin VARCHAR(20) NOT NULL,
    name VARCHAR(255) NOT NULL,
    media_type VARCHAR(255) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT debug_snapshot_artifacts_origin_check CHECK (origin IN ('attached', 'stdout', 'stderr', 'log'))
);

CREATE INDEX IF NOT EXISTS idx_debug_snapshot_artifacts_artifact ON debug_snapshot_artifacts (artifact_id);
CREATE INDEX IF NOT EXISTS idx_debug_snapshot_artifacts_correlation
    ON debug_snapshot_artifacts (correlation_id, created_at);
CREATE INDEX IF NOT EXISTS idx_debug_snapshot_artifacts_snapshot
    ON debug_snapshot_artifacts (snapshot_id) WHERE snapshot_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_snapshot_artifacts_step
    ON debug_snapshot_artifacts (step_id) WHERE step_id IS NOT NULL;

-- How a run is asked what its tests, or its program, have recorded themselves.
CREATE INDEX IF NOT EXISTS idx_debug_workflow_steps_notes ON debug_workflow_steps (correlation_id, step_number)
    WHERE step_type IN ('step', 'checkpoint', 'transformation', 'llm_call', 'artifact', 'record', 'execution');

-- A host's table may have more columns than ours, and fewer: what it has of ours is filled, the rest its default.
CREATE OR REPLACE FUNCTION debug_insert_host_row(host REGCLASS, content JSONB) RETURNS TEXT
    LANGUAGE plpgsql
AS $$
DECLARE
    names TEXT;
    changes TEXT;
BEGIN
    SELECT string_agg(format('%I', a.attname), ', '),
        string_agg(format('%1$I = excluded.%1$I', a.attname), ', ') FILTER (WHERE a.attname <> 'id')
    INTO names, changes
    FROM pg_attribute AS a
    WHERE a.attrelid = host AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        AND coalesce(content -> a.attname::text, 'null') <> 'null';
    EXECUTE format(
        'INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, $1)'
        ' ON CONFLICT (id) DO UPDATE SET %3$s',
        host, names, changes
    ) USING content;
    RETURN NULL;
EXCEPTION
    WHEN OTHERS THEN
        IF left(SQLSTATE, 2) IN ('08', '25', '40', '53', '55', '57', '58') THEN
            RAISE;
        END IF;
        RETURN SQLERRM;
END
$$;

COMMENT ON FUNCTION debug_insert_host_row(REGCLASS, JSONB) IS
    'Adds a row to a table of the host, or brings it up to date; gives the reason where the table takes none';

COMMENT ON TABLE debug_artifacts IS 'The bytes of artifacts, each once, however many tests have kept them.';
COMMENT ON COLUMN debug_artifacts.id IS 'Made from the hash';
COMMENT ON COLUMN debug_artifacts.content_hash IS 'SHA-256 of the bytes, in hexadecimal digits';
COMMENT ON COLUMN debug_artifacts.size_bytes IS 'How many bytes there are';
COMMENT ON COLUMN debug_artifacts.content IS 'The bytes; texts are stored without secrets';
COMMENT ON COLUMN debug_artifacts.created_at IS 'When they were first kept';
COMMENT ON TABLE debug_snapshot_artifacts IS
    'What the artifacts are of: files that tests and programs attach, and long output that was captured at failures.';
COMMENT ON COLUMN debug_snapshot_artifacts.id IS
    'Made by the recorder, so that loading a journal twice changes nothing';
COMMENT ON COLUMN debug_snapshot_artifacts.artifact_id IS 'The bytes: debug_artifacts.id';
COMMENT ON COLUMN debug_snapshot_artifacts.snapshot_id IS
    'The state at the failure that the output is of: debug_state_snapshots.id; NULL for attached files';
COMMENT ON COLUMN debug_snapshot_artifacts.step_id IS
    'The step that it is of: debug_workflow_steps.id; that of an attached file has step_type artifact';
COMMENT ON COLUMN debug_snapshot_artifacts.correlation_id IS 'The workflow';
COMMENT ON COLUMN debug_snapshot_artifacts.run_id IS 'The run: debug_runs.id';
COMMENT ON COLUMN debug_snapshot_artifacts.origin IS 'attached, stdout, stderr or log';
COMMENT ON COLUMN debug_snapshot_artifacts.name IS 'What it was called: the name of the file, or as in call stdout';
COMMENT ON COLUMN debug_snapshot_artifacts.media_type IS 'The media type, such as image/png';
COMMENT ON COLUMN debug_snapshot_artifacts.created_at IS 'When it was kept';

COMMENT ON COLUMN debug_workflow_steps.step_type IS
    'collect, setup, call, teardown or subtest by pytest; step, checkpoint, transformation, llm_call, artifact or'
    ' record by the fixture debugloop; execution for a step of a program';
COMMENT ON COLUMN debug_workflow_steps.input_data IS
    'What a step was given: the keywords of debugloop.step; NULL where none were';
COMMENT ON COLUMN debug_workflow_steps.output_data IS
    'What a step came to: the values given to its output(), or to debugloop.record; NULL where none were';
COMMENT ON COLUMN debug_workflow_steps.pre_state_snapshot_id IS
    'The state before it: debug_state_snapshots.id; of a transformation, what was handed over';
COMMENT ON COLUMN debug_state_snapshots.user_request IS
    'What the user had asked for, where a program says so with recording(request=...)';
COMMENT ON COLUMN debug_state_snapshots.context_depth IS
    'How many steps of debugloop.step it was nested in; NULL for states at failures';
COMMENT ON COLUMN debug_state_snapshots.transformation_event_id IS
    'The transformation that it was captured at first: agent_transformation_events.id';
COMMENT ON COLUMN debug_runs.metadata IS
    'What a program records of itself outside of any step, and problems of the recording; NULL where there is nothing';
