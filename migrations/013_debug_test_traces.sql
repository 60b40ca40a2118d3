-- Keep what tests ran of the project's code, where they had an open failure or were tried again
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

CREATE TABLE IF NOT EXISTS debug_test_traces (
    id UUID PRIMARY KEY,
    correlation_id UUID NOT NULL,
    run_id UUID NOT NULL,
    agent_name VARCHAR(255) NOT NULL,
    operation_name VARCHAR(255) NOT NULL,
    attempt INTEGER NOT NULL,
    traced_by VARCHAR(20) NOT NULL,
    files JSONB NOT NULL,
    opened JSONB NOT NULL,
    children JSONB NOT NULL,
    cut JSONB NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL
);

-- The traces of a recovery's two sides are asked for at the end of each run that brings one.
CREATE INDEX IF NOT EXISTS idx_debug_test_traces_attempt ON debug_test_traces (run_id, operation_name, attempt);
CREATE INDEX IF NOT EXISTS idx_debug_test_traces_correlation ON debug_test_traces (correlation_id);

-- Which tests have an open failure is asked at the end of each run.
CREATE INDEX IF NOT EXISTS idx_debug_error_events_unresolved ON debug_error_events (occurred_at DESC)
    WHERE resolved_at IS NULL AND task_id IS NOT NULL;

COMMENT ON TABLE debug_test_traces IS
    'What an attempt of a test ran of the project: kept of tests that had an open failure, or were tried again.';
COMMENT ON COLUMN debug_test_traces.id IS 'Made from the journal and the record''s number';
COMMENT ON COLUMN debug_test_traces.correlation_id IS 'The workflow';
COMMENT ON COLUMN debug_test_traces.run_id IS 'The run: debug_runs.id';
COMMENT ON COLUMN debug_test_traces.agent_name IS 'The process';
COMMENT ON COLUMN debug_test_traces.operation_name IS 'The test, as its steps and events name it';
COMMENT ON COLUMN debug_test_traces.attempt IS 'Which attempt of it, from 1';
COMMENT ON COLUMN debug_test_traces.traced_by IS
    'monitoring (sys.monitoring), profile (a profile function: no lines), or none where nothing could be watched';
COMMENT ON COLUMN debug_test_traces.files IS
    'By file, from rootdir: functions, a list of [qualified name, first line], and lines, those that were run';
COMMENT ON COLUMN debug_test_traces.opened IS 'Files of the project that it read, from rootdir';
COMMENT ON COLUMN debug_test_traces.children IS
    'Processes that it started: program, and the files and modules of the project that their command lines name';
COMMENT ON COLUMN debug_test_traces.cut IS
    'Why it ran more than is told here, one reason each; empty where all is told';
COMMENT ON COLUMN debug_test_traces.started_at IS 'When the attempt began';
