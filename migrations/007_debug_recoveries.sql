-- Add what tells why a failure passed again: its test, the code of its run, and the evidence
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- ====================================================================================================================
-- Identity: a test has one id in a project, made of its name, so that whoever loads an event can name its test
-- ====================================================================================================================

CREATE OR REPLACE FUNCTION debug_task_id(project TEXT, task TEXT) RETURNS UUID
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN debug_snapshot_id(task, project);

COMMENT ON FUNCTION debug_task_id(TEXT, TEXT) IS 'The id of a test: made from its project and its name';

UPDATE debug_tasks SET id = debug_task_id(project, node_id) WHERE id <> debug_task_id(project, node_id);

ALTER TABLE debug_error_events
    ADD COLUMN IF NOT EXISTS run_id UUID,
    ADD COLUMN IF NOT EXISTS task_id UUID;
ALTER TABLE debug_success_events
    ADD COLUMN IF NOT EXISTS run_id UUID,
    ADD COLUMN IF NOT EXISTS task_id UUID;

COMMENT ON COLUMN debug_error_events.run_id IS 'The run it occurred in: debug_runs.id';
COMMENT ON COLUMN debug_error_events.task_id IS 'The test it is of: debug_tasks.id; NULL for what is of no test';
COMMENT ON COLUMN debug_success_events.run_id IS 'The run it is of: debug_runs.id';
COMMENT ON COLUMN debug_success_events.task_id IS 'The test it is of: debug_tasks.id; NULL for what is of no test';

-- Events that were stored before they knew their run and their test.
UPDATE debug_error_events AS e SET run_id = r.id, task_id = t.id
FROM debug_runs AS r, debug_tasks AS t
WHERE e.run_id IS NULL AND r.correlation_id = e.correlation_id AND t.project = r.project
    AND t.operation_name = e.operation_name
    AND e.occurred_at BETWEEN r.started_at AND coalesce(r.finished_at, 'infinity');
UPDATE debug_success_events AS s SET run_id = r.id, task_id = t.id
FROM debug_runs AS r, debug_tasks AS t
WHERE s.run_id IS NULL AND r.correlation_id = s.correlation_id AND t.project = r.project
    AND t.operation_name = s.operation_name
    AND s.occurred_at BETWEEN r.started_at AND coalesce(r.finished_at, 'infinity');

CREATE INDEX IF NOT EXISTS idx_debug_error_events_task ON debug_error_events (task_id, occurred_at)
    WHERE task_id IS NOT NULL;
-- Whether an attempt failed elsewhere is asked of each of its successes.
CREATE INDEX IF NOT EXISTS idx_debug_error_events_attempt ON debug_error_events (task_id, run_id)
    WHERE task_id IS NOT NULL;
-- The errors of a test that nothing had recovered at some moment; few, however long its history.
CREATE INDEX IF NOT EXISTS idx_debug_error_events_open
    ON debug_error_events (task_id, (coalesce(resolved_at, timestamptz 'infinity')))
    WHERE task_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_success_events_task
    ON debug_success_events (task_id, occurred_at) INCLUDE (run_id, retry_count)
    WHERE task_id IS NOT NULL;

-- ====================================================================================================================
-- What a run was run on
-- ====================================================================================================================

ALTER TABLE debug_runs
    ADD COLUMN IF NOT EXISTS code_version VARCHAR(64),
    ADD COLUMN IF NOT EXISTS git_tree TEXT,
    ADD COLUMN IF NOT EXISTS git_dirty JSONB,
    ADD COLUMN IF NOT EXISTS distributions JSONB,
    ADD COLUMN IF NOT EXISTS environment JSONB,
    ADD COLUMN IF NOT EXISTS interpreter JSONB,
    ADD COLUMN IF NOT EXISTS random_seeds JSONB,
    ADD COLUMN IF NOT EXISTS conditions VARCHAR(64),
    ADD COLUMN IF NOT EXISTS boot_id TEXT,
    ADD COLUMN IF NOT EXISTS boot_seconds DOUBLE PRECISION;

COMMENT ON COLUMN debug_runs.code_version IS
    'The project''s code: debug_code_versions.id; NULL where it is not known. Runs of one version are of the same code';
COMMENT ON COLUMN debug_runs.git_tree IS 'The git tree of the commit: two commits of one tree have the same files';
COMMENT ON COLUMN debug_runs.git_dirty IS
    'Files that were not as the commit has them: path to hash, which is empty for one that was gone';
COMMENT ON COLUMN debug_runs.distributions IS 'The version of each installed distribution, by its normalised name';
COMMENT ON COLUMN debug_runs.environment IS
    'Environment variables that are kept, and those that the project''s code names; null for one that was not set';
COMMENT ON COLUMN debug_runs.interpreter IS 'The interpreter: implementation, version, flags, encoding';
COMMENT ON COLUMN debug_runs.random_seeds IS 'Seeds of plugins that put tests in random order or seed generators';
COMMENT ON COLUMN debug_runs.conditions IS
    'All that a run was run on: a hash of code_version, interpreter, platform and distributions. NULL where the code is'
    ' not known';
COMMENT ON COLUMN debug_runs.boot_id IS 'Which start of which machine it ran on, where the system tells';
COMMENT ON COLUMN debug_runs.boot_seconds IS
    'Seconds from that start of the machine to the run''s: a clock that nobody sets';

CREATE INDEX IF NOT EXISTS idx_debug_runs_code ON debug_runs (code_version) WHERE code_version IS NOT NULL;

CREATE TABLE IF NOT EXISTS debug_code_versions (
    id VARCHAR(64) PRIMARY KEY,
    files JSONB NOT NULL
);

COMMENT ON TABLE debug_code_versions IS 'The code of a project at one moment: which files, and what is in each.';
COMMENT ON COLUMN debug_code_versions.files IS 'The hash of each file, as git makes it, by its path from rootdir';

CREATE TABLE IF NOT EXISTS debug_code_files (
    id UUID PRIMARY KEY,
    file TEXT NOT NULL,
    file_hash VARCHAR(64) NOT NULL,
    variables TEXT[] NOT NULL,
    units JSONB NOT NULL
);

COMMENT ON TABLE debug_code_files IS 'A source file as a run loaded it: which functions are in it, and where.';
COMMENT ON COLUMN debug_code_files.id IS 'Made from the file and its hash';
COMMENT ON COLUMN debug_code_files.file IS 'Its path from rootdir';
COMMENT ON COLUMN debug_code_files.file_hash IS 'What is in it: the hash that git makes, of the text without secrets';
COMMENT ON COLUMN debug_code_files.variables IS 'The environment variables that it names';
COMMENT ON COLUMN debug_code_files.units IS
    'A list of [id in debug_code_pointers, first line, last line], the module''s own code first';

CREATE TABLE IF NOT EXISTS debug_code_pointers (
    id UUID PRIMARY KEY,
    file TEXT NOT NULL,
    function TEXT NOT NULL,
    line INTEGER NOT NULL,
    code_hash VARCHAR(64) NOT NULL,
    source TEXT NOT NULL,
    provides TEXT[] NOT NULL,
    uses TEXT[] NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_debug_code_pointers_function ON debug_code_pointers (file, function);

COMMENT ON TABLE debug_code_pointers IS 'A function, or the rest of a class or a module, in one state of its code.';
COMMENT ON COLUMN debug_code_pointers.id IS 'Made from file, function and code_hash: a function that moved is the same';
COMMENT ON COLUMN debug_code_pointers.file IS 'The file it is in, from rootdir';
COMMENT ON COLUMN debug_code_pointers.function IS 'Its qualified name; <module> for what is in no function or class';
COMMENT ON COLUMN debug_code_pointers.line IS 'Its first line; of several places, the one nearest to the top';
COMMENT ON COLUMN debug_code_pointers.code_hash IS 'SHA-256 of its source without its place';
COMMENT ON COLUMN debug_code_pointers.source IS 'Its source, without secrets';
COMMENT ON COLUMN debug_code_pointers.provides IS 'The names by which other code reaches it';
COMMENT ON COLUMN debug_code_pointers.uses IS 'The names that stand in it';

-- The attempts of tests that ended: one is failed where any of its phases did. A subtest is no attempt of its own.
CREATE OR REPLACE VIEW debug_test_attempts AS
SELECT s.task_id, s.run_id, s.agent_name, s.operation_name, s.retry_count + 1 AS attempt, s.occurred_at AS ended_at,
    FALSE AS failed, FALSE AS is_incident
FROM debug_success_events AS s
WHERE s.task_id IS NOT NULL AND s.metadata ->> 'subtest' IS NULL
    AND NOT EXISTS (
        SELECT FROM debug_error_events AS e
        WHERE e.task_id = s.task_id AND e.run_id = s.run_id AND e.agent_name = s.agent_name
            AND (e.metadata ->> 'attempt')::integer = s.retry_count + 1
    )
UNION ALL
SELECT e.task_id, e.run_id, e.agent_name, min(e.operation_name), (e.metadata ->> 'attempt')::integer,
    max(e.occurred_at), TRUE, bool_or(e.metadata ? 'incident')
FROM debug_error_events AS e
WHERE e.task_id IS NOT NULL
GROUP BY e.task_id, e.run_id, e.agent_name, (e.metadata ->> 'attempt')::integer;

COMMENT ON VIEW debug_test_attempts IS 'Each time that a test was run to its end: when, where, and whether it failed';

-- ====================================================================================================================
-- What a recovery was: the evidence, and what it is counted by
-- ====================================================================================================================

ALTER TABLE debug_error_success_correlation
    ADD COLUMN IF NOT EXISTS task_id UUID,
    ADD COLUMN IF NOT EXISTS error_type VARCHAR(100),
    ADD COLUMN IF NOT EXISTS error_code VARCHAR(50),
    ADD COLUMN IF NOT EXISTS fingerprint TEXT,
    ADD COLUMN IF NOT EXISTS evidence JSONB;

COMMENT ON COLUMN debug_error_success_correlation.task_id IS 'The test that recovered: debug_tasks.id';
COMMENT ON COLUMN debug_error_success_correlation.error_type IS 'Of the error; here too, to be counted by';
COMMENT ON COLUMN debug_error_success_correlation.error_code IS 'Of the error; here too, to be counted by';
COMMENT ON COLUMN debug_error_success_correlation.fingerprint IS 'Of the error; here too, to be counted by';
COMMENT ON COLUMN debug_error_success_correlation.evidence IS
    'All that was different between failure and success, what is not known, and the terms of the confidence';

UPDATE debug_error_success_correlation AS c
SET task_id = e.task_id, error_type = e.error_type, error_code = e.error_code,
    fingerprint = e.metadata ->> 'fingerprint'
FROM debug_error_events AS e WHERE e.id = c.error_event_id AND c.error_type IS NULL;

CREATE INDEX IF NOT EXISTS idx_debug_error_success_correlation_task
    ON debug_error_success_correlation (task_id, correlated_at) WHERE task_id IS NOT NULL;
-- All that recoveries are counted by, the first of each error in front: 100,000 are counted without their rows.
CREATE INDEX IF NOT EXISTS idx_debug_error_success_correlation_first
    ON debug_error_success_correlation (error_event_id, recovery_duration_ms, confidence_score DESC, id)
    INCLUDE (error_type, error_code, fingerprint, recovery_strategy);
