-- Draw what a run says of who uses whom: tests and fixtures, the order before failures.
--
-- An edge is stored once. That it was seen again is noted once a day: otherwise each run would write all of them anew.

CREATE TEMP TABLE run_edges ON COMMIT DROP AS
WITH run AS (
    SELECT id, correlation_id, project, git_commit, started_at, coalesce(finished_at, 'infinity') AS finished_at
    FROM debug_runs WHERE id = %(run_id)s
),
steps AS MATERIALIZED (
    SELECT s.id, s.step_type, s.operation_name, s.agent_name, s.input_data, s.metadata, s.started_at, s.step_number,
        s.parent_step_id
    FROM run
    JOIN debug_workflow_steps AS s ON s.correlation_id = run.correlation_id
        AND s.started_at BETWEEN run.started_at AND run.finished_at
    WHERE s.step_type IN ('setup', 'fixture')
),
declared AS MATERIALIZED (  -- most are set up again and again: what is made of their names is made once
    SELECT DISTINCT
        operation_name AS name, metadata ->> 'file' AS file, metadata ->> 'function' AS function,
        metadata -> 'arguments' AS arguments
    FROM steps
    WHERE step_type = 'fixture' AND metadata ? 'file'
),
fixtures AS MATERIALIZED (
    SELECT
        f.name, f.file, regexp_replace(f.file, '[^/]*$', '') AS folder,
        debug_snapshot_id(run.project || ' ' || f.file || ' ' || f.function, 'fixture ' || f.name) AS id, f.arguments
    FROM declared AS f
    CROSS JOIN run
),
tests AS MATERIALIZED (
    SELECT DISTINCT ON (operation_name)
        operation_name, split_part(operation_name, '::', 1) AS file, input_data -> 'fixtures' AS names
    FROM steps
    WHERE step_type = 'setup' AND jsonb_typeof(input_data -> 'fixtures') = 'array'
    ORDER BY operation_name, step_number DESC
),
failed AS (
    SELECT DISTINCT e.task_id, e.agent_name, e.operation_name
    FROM run
    JOIN debug_error_events AS e ON e.correlation_id = run.correlation_id AND e.run_id = run.id
    WHERE e.task_id IS NOT NULL
    LIMIT 1000
),
ordered AS MATERIALIZED (
    SELECT
        operation_name,
        -- Here it is asked by hash; a join would be planned for one row, and take time by the square.
        (operation_name, agent_name) IN (SELECT operation_name, agent_name FROM failed) AS has_failed,
        lag(operation_name) OVER (PARTITION BY agent_name ORDER BY step_number) AS before,
        row_number() OVER (PARTITION BY agent_name, operation_name ORDER BY step_number) AS attempt
    FROM steps
    WHERE step_type = 'setup' AND EXISTS (SELECT FROM failed)
),
-- All tests of a file mean the same fixture by a name. To look for it for each test would take time by the square where
-- each file of a folder has a fixture of that name.
files AS MATERIALIZED (
    SELECT t.file, jsonb_agg(DISTINCT wanted.name) AS names
    FROM tests AS t
    CROSS JOIN LATERAL jsonb_array_elements_text(t.names) AS wanted (name)
    GROUP BY t.file
),
-- Joined by their names: looked up one by one, each would be compared with all.
nearest AS MATERIALIZED (
    SELECT DISTINCT ON (t.file, f.name) t.file, f.name, f.id
    FROM files AS t
    CROSS JOIN LATERAL jsonb_array_elements_text(t.names) AS wanted (name)
    JOIN fixtures AS f ON f.name = wanted.name AND starts_with(t.file, f.folder)
    ORDER BY t.file, f.name, f.file = t.file DESC, length(f.file) DESC, f.id
),
-- Found in one object: a join would be planned for one row here, too.
used AS (
    SELECT
        t.operation_name AS source, wanted.name,
        ((SELECT jsonb_object_agg(file || '::' || name, id) FROM nearest) ->> (t.file || '::' || wanted.name))::uuid AS id
    FROM tests AS t
    CROSS JOIN LATERAL jsonb_array_elements_text(t.names) AS wanted (name)
    OFFSET 0
)
SELECT 'test_uses_fixture' AS kind, source, name AS target, id AS target_id FROM used WHERE id IS NOT NULL
UNION
SELECT 'fixture_uses_fixture', f.id::text, o.name, o.id
FROM fixtures AS f
CROSS JOIN LATERAL jsonb_array_elements_text(f.arguments) AS used (name)
CROSS JOIN LATERAL (
    SELECT * FROM fixtures AS o
    WHERE o.name = used.name AND o.id <> f.id AND starts_with(f.folder, o.folder)
    ORDER BY length(o.file) DESC, o.id LIMIT 1
) AS o
UNION
SELECT 'test_ran_after_test', operation_name, before, NULL
FROM ordered
WHERE has_failed AND attempt = 1 AND before IS NOT NULL;

INSERT INTO debug_graph_edges AS known (
    id, project, kind, source_id, source_name, target_id, target_name, first_run_id, last_run_id, first_seen_at,
    last_seen_at
)
SELECT
    e.id,
    e.project,
    e.kind,
    CASE
        WHEN e.kind = 'fixture_uses_fixture' THEN e.source::uuid
        ELSE (SELECT t.id FROM debug_tasks AS t WHERE t.project = e.project AND t.operation_name = e.source)
    END,
    CASE e.kind
        WHEN 'fixture_uses_fixture' THEN (SELECT f.name FROM debug_transform_functions AS f WHERE f.id = e.source::uuid)
        ELSE e.source
    END,
    CASE
        WHEN e.kind = 'test_ran_after_test' THEN
            (SELECT t.id FROM debug_tasks AS t WHERE t.project = e.project AND t.operation_name = e.target)
        ELSE e.target_id
    END,
    e.target,
    e.run_id, e.run_id, e.seen_at, e.seen_at
FROM (
    SELECT
        e.*, run.project, run.id AS run_id, run.started_at AS seen_at,
        debug_snapshot_id(run.project || ' ' || e.source || ' ' || coalesce(e.target_id::text, e.target), e.kind) AS id
    FROM run_edges AS e
    CROSS JOIN (SELECT id, project, started_at FROM debug_runs WHERE id = %(run_id)s) AS run
    OFFSET 0
) AS e
-- Most are known from the last run, and nothing else is asked of them. By the index, whatever the statistics say.
WHERE (
    SELECT known.id FROM debug_graph_edges AS known
    WHERE known.id = e.id AND e.seen_at BETWEEN known.first_seen_at AND known.last_seen_at + interval '1 day'
) IS NULL
ORDER BY 1  -- two loaders that add the same edges must not wait for each other
ON CONFLICT (id) DO UPDATE SET
    last_run_id = CASE
        WHEN excluded.last_seen_at > known.last_seen_at THEN excluded.last_run_id ELSE known.last_run_id
    END,
    last_seen_at = greatest(excluded.last_seen_at, known.last_seen_at),
    first_run_id = CASE
        WHEN excluded.first_seen_at < known.first_seen_at THEN excluded.first_run_id ELSE known.first_run_id
    END,
    first_seen_at = least(excluded.first_seen_at, known.first_seen_at)
WHERE excluded.last_seen_at > known.last_seen_at + interval '1 day' OR excluded.first_seen_at < known.first_seen_at;

-- The code of fixtures, as the run met it.
UPDATE debug_transform_functions AS f SET code_hash = found.code_hash
FROM (
    SELECT f.id, p.code_hash
    FROM debug_runs AS run
    JOIN debug_transform_functions AS f ON f.last_run_id = run.id
    JOIN debug_code_versions AS v ON v.id = run.code_version
    JOIN debug_code_files AS c ON c.id = debug_snapshot_id(f.file, v.files ->> f.file)
    CROSS JOIN LATERAL jsonb_array_elements(c.units) AS unit
    JOIN debug_code_pointers AS p ON p.id = (unit ->> 0)::uuid AND p.function = f.function
    WHERE run.id = %(run_id)s
) AS found
WHERE f.id = found.id AND f.code_hash IS DISTINCT FROM found.code_hash;
