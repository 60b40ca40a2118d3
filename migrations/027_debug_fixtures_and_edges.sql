-- Add fixtures, what uses what, and what runs were run on
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

CREATE TABLE IF NOT EXISTS debug_transform_functions (
    id UUID PRIMARY KEY,
    project VARCHAR(255) NOT NULL,
    name VARCHAR(255) NOT NULL,
    scope VARCHAR(20) NOT NULL,
    file TEXT NOT NULL,
    function TEXT NOT NULL,
    line INTEGER NOT NULL,
    arguments TEXT[] NOT NULL,
    code_hash VARCHAR(64),
    first_run_id UUID NOT NULL,
    last_run_id UUID NOT NULL,
    first_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_debug_transform_functions_name ON debug_transform_functions (project, name);
CREATE INDEX IF NOT EXISTS idx_debug_transform_functions_run ON debug_transform_functions (last_run_id);

CREATE TABLE IF NOT EXISTS debug_graph_edges (
    id UUID PRIMARY KEY,
    project VARCHAR(255) NOT NULL,
    kind VARCHAR(40) NOT NULL,
    source_id UUID,
    source_name TEXT,
    target_id UUID,
    target_name TEXT NOT NULL,
    first_run_id UUID NOT NULL,
    last_run_id UUID NOT NULL,
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT debug_graph_edges_kind_check CHECK (
        kind IN ('test_uses_fixture', 'fixture_uses_fixture', 'test_ran_after_test', 'error_fixed_by_commit')
    )
);
CREATE INDEX IF NOT EXISTS idx_debug_graph_edges_source ON debug_graph_edges (source_id, kind);
CREATE INDEX IF NOT EXISTS idx_debug_graph_edges_target
    ON debug_graph_edges (target_id, kind) WHERE target_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_debug_graph_edges_run ON debug_graph_edges (last_run_id);

CREATE TABLE IF NOT EXISTS debug_metadata_stamps (
    id UUID PRIMARY KEY,
    kind VARCHAR(40) NOT NULL,
    content JSONB NOT NULL,
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT debug_metadata_stamps_kind_check CHECK (kind IN ('distributions', 'hardware', 'ci'))
);

COMMENT ON TABLE debug_transform_functions IS 'The fixtures of a project, as the last run that set them up had them.';
COMMENT ON COLUMN debug_transform_functions.id IS 'Made from project, file, function and name';
COMMENT ON COLUMN debug_transform_functions.project IS 'Whose fixture it is';
COMMENT ON COLUMN debug_transform_functions.name IS 'The name that tests ask for';
COMMENT ON COLUMN debug_transform_functions.scope IS 'function, class, module, package or session';
COMMENT ON COLUMN debug_transform_functions.file IS 'The file that it is in, from the root directory';
COMMENT ON COLUMN debug_transform_functions.function IS 'The qualified name of its function';
COMMENT ON COLUMN debug_transform_functions.line IS 'The first line of the function';
COMMENT ON COLUMN debug_transform_functions.arguments IS 'The fixtures that it asks for';
COMMENT ON COLUMN debug_transform_functions.code_hash IS
    'debug_code_pointers.code_hash of the function; NULL where its source is not recorded, as of plugins';
COMMENT ON COLUMN debug_transform_functions.first_run_id IS 'The first run that set it up: debug_runs.id';
COMMENT ON COLUMN debug_transform_functions.last_run_id IS
    'The last run that set it up; all that did have steps of the step_type fixture';
COMMENT ON COLUMN debug_transform_functions.first_used_at IS 'When it was first set up';
COMMENT ON COLUMN debug_transform_functions.last_used_at IS 'When it was last set up';

COMMENT ON TABLE debug_graph_edges IS
    'What uses what, what ran before what failed, and which commit fixed what; an edge is stored once.';
COMMENT ON COLUMN debug_graph_edges.id IS 'Made from project, kind, source and target';
COMMENT ON COLUMN debug_graph_edges.project IS 'Whose tests these are';
COMMENT ON COLUMN debug_graph_edges.kind IS
    'test_uses_fixture, fixture_uses_fixture, test_ran_after_test (of a test that failed: the one before it in its'
    ' process) or error_fixed_by_commit (of an error that a change of the code recovered)';
COMMENT ON COLUMN debug_graph_edges.source_id IS
    'Of a test debug_tasks.id, of a fixture debug_transform_functions.id, of an error debug_error_events.id; NULL for'
    ' a test that has another name across runs';
COMMENT ON COLUMN debug_graph_edges.source_name IS 'The node id, the name of the fixture, or the test that failed';
COMMENT ON COLUMN debug_graph_edges.target_id IS 'The same of the target; NULL for a commit';
COMMENT ON COLUMN debug_graph_edges.target_name IS 'The name of the fixture, the node id, or the commit';
COMMENT ON COLUMN debug_graph_edges.first_run_id IS 'The first run that showed it: debug_runs.id';
COMMENT ON COLUMN debug_graph_edges.last_run_id IS 'A late run that showed it; noted once a day';
COMMENT ON COLUMN debug_graph_edges.first_seen_at IS 'When that first run began';
COMMENT ON COLUMN debug_graph_edges.last_seen_at IS 'When that late run began';

COMMENT ON TABLE debug_metadata_stamps IS 'What runs were run on, each distinct content once.';
COMMENT ON COLUMN debug_metadata_stamps.id IS
    'Made from kind and content; debug_runs.metadata has it as distributions_stamp, hardware_stamp and ci_stamp';
COMMENT ON COLUMN debug_metadata_stamps.kind IS 'distributions, hardware or ci';
COMMENT ON COLUMN debug_metadata_stamps.content IS
    'Versions by the names of distributions; machine, processors and memory_mb; the CI run as in debug_runs.ci';
COMMENT ON COLUMN debug_metadata_stamps.first_seen_at IS 'When the first run on it began';

COMMENT ON COLUMN debug_runs.metadata IS
    'The ids of its stamps (debug_metadata_stamps), what a program records of itself outside of any step, and problems'
    ' of the recording; NULL for a run without a header';
COMMENT ON COLUMN debug_runs.steps_total IS 'How many steps it has, without the set-ups of fixtures';
COMMENT ON COLUMN debug_workflow_steps.step_type IS
    'collect, setup, call, teardown or subtest by pytest; fixture for the set-up of a fixture, below the phase of the'
    ' test that needed it first; step, checkpoint, transformation, llm_call, artifact or record by the fixture'
    ' debugloop; execution for a step of a program';
