-- Add the runs, the tests and the lines that could not be stored
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

CREATE TABLE IF NOT EXISTS debug_runs (
    id UUID PRIMARY KEY,

    correlation_id UUID NOT NULL,
    session_id UUID,
    project VARCHAR(255) NOT NULL,
    agent_name VARCHAR(255),

    rootdir TEXT,
    command_line TEXT[],

    python_version TEXT,
    platform TEXT,
    pytest_version TEXT,
    plugins JSONB,

    git_commit TEXT,
    git_branch TEXT,
    ci JSONB,
    metadata JSONB,

    status VARCHAR(20) NOT NULL DEFAULT 'running',
    exit_status INTEGER,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,

    steps_total INTEGER,
    errors_total INTEGER,
    successes_total INTEGER,
    skipped_total INTEGER,
    recoveries_total INTEGER,

    CONSTRAINT debug_runs_status_check
        CHECK (status IN ('running', 'finished', 'interrupted', 'died'))
);

CREATE INDEX IF NOT EXISTS idx_debug_runs_correlation ON debug_runs (correlation_id);
CREATE INDEX IF NOT EXISTS idx_debug_runs_session
    ON debug_runs (session_id, started_at DESC) WHERE session_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_runs_project ON debug_runs (project, started_at DESC);

CREATE TABLE IF NOT EXISTS debug_tasks (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),

    project VARCHAR(255) NOT NULL,
    operation_name VARCHAR(255) NOT NULL,

    node_id TEXT NOT NULL,
    file TEXT,
    name TEXT,
    parameters TEXT,

    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT debug_tasks_unique_operation UNIQUE (project, operation_name)
);

CREATE TABLE IF NOT EXISTS debug_rejected_lines (
    id UUID PRIMARY KEY,

    journal_id UUID,
    correlation_id UUID,
    line BYTEA NOT NULL,
    reason TEXT NOT NULL,

    rejected_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX IF NOT EXISTS idx_debug_rejected_lines_journal
    ON debug_rejected_lines (journal_id) WHERE journal_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_rejected_lines_correlation
    ON debug_rejected_lines (correlation_id) WHERE correlation_id IS NOT NULL;

COMMENT ON TABLE debug_runs IS 'One invocation of pytest: what was run, on what, and how it ended.';
COMMENT ON COLUMN debug_runs.id IS 'Made by the recorder, so that loading a journal twice changes nothing';
COMMENT ON COLUMN debug_runs.correlation_id IS 'The workflow: what the steps and events of this run carry';
COMMENT ON COLUMN debug_runs.session_id IS 'What groups runs: a CI run, or what the user named';
COMMENT ON COLUMN debug_runs.project IS 'Whose tests these are, in a database that several projects share';
COMMENT ON COLUMN debug_runs.agent_name IS 'Who ran them';
COMMENT ON COLUMN debug_runs.rootdir IS 'The root directory that pytest found';
COMMENT ON COLUMN debug_runs.command_line IS 'The arguments that pytest was given';
COMMENT ON COLUMN debug_runs.python_version IS 'The version of the interpreter';
COMMENT ON COLUMN debug_runs.platform IS 'The operating system and the machine';
COMMENT ON COLUMN debug_runs.pytest_version IS 'The version of pytest';
COMMENT ON COLUMN debug_runs.plugins IS 'The version of each pytest plugin, by the name of its distribution';
COMMENT ON COLUMN debug_runs.git_commit IS 'The commit that was checked out';
COMMENT ON COLUMN debug_runs.git_branch IS 'The branch that was checked out; NULL for a detached head';
COMMENT ON COLUMN debug_runs.ci IS 'The CI run: provider, repository, run, job, link';
COMMENT ON COLUMN debug_runs.metadata IS 'What else is known';
COMMENT ON COLUMN debug_runs.status IS
    'running, finished, interrupted (by the user or by -x), or died (its journal stops without an end)';
COMMENT ON COLUMN debug_runs.exit_status IS 'What pytest returned; NULL while it runs and where it died';
COMMENT ON COLUMN debug_runs.started_at IS 'When it started';
COMMENT ON COLUMN debug_runs.finished_at IS 'When it ended; NULL while it runs and where it died';
COMMENT ON COLUMN debug_runs.steps_total IS 'How many steps it has';
COMMENT ON COLUMN debug_runs.errors_total IS 'How many errors it has';
COMMENT ON COLUMN debug_runs.successes_total IS 'How many successes it has';
COMMENT ON COLUMN debug_runs.skipped_total IS 'How many tests it skipped';
COMMENT ON COLUMN debug_runs.recoveries_total IS 'How many errors its successes recovered';

COMMENT ON TABLE debug_tasks IS 'The identity of a test: one row for each test of a project, kept across runs.';
COMMENT ON COLUMN debug_tasks.project IS 'Whose test it is';
COMMENT ON COLUMN debug_tasks.operation_name IS 'The node id, or a readable head and a hash of one over 255 characters';
COMMENT ON COLUMN debug_tasks.node_id IS 'The whole node id, however long';
COMMENT ON COLUMN debug_tasks.file IS 'The file it is in, from the root directory';
COMMENT ON COLUMN debug_tasks.name IS 'Its name, with its class and without its parameters';
COMMENT ON COLUMN debug_tasks.parameters IS 'The id of its parameters, what stands between the brackets';
COMMENT ON COLUMN debug_tasks.first_seen_at IS 'When it was first run';

COMMENT ON TABLE debug_rejected_lines IS
    'Lines of journals that the database refused, as they were, with the reason: none is lost, none blocks the others.';
COMMENT ON COLUMN debug_rejected_lines.id IS 'Made from the content, so that one line is set aside once';
COMMENT ON COLUMN debug_rejected_lines.journal_id IS 'The journal it is from, where that is known';
COMMENT ON COLUMN debug_rejected_lines.correlation_id IS 'The workflow it is of, where that is known';
COMMENT ON COLUMN debug_rejected_lines.line IS 'Its bytes: it need not be text';
COMMENT ON COLUMN debug_rejected_lines.reason IS 'What the database said';
COMMENT ON COLUMN debug_rejected_lines.rejected_at IS 'When it was set aside';
