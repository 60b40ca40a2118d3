-- Fill a record: runs of one project, all of its tests in each, one error in a hundred attempts, one in ten of them
-- recovered. Names are of the usual length, events are a second apart, ids are in order of time, as the loader's are.

SET LOCAL session_replication_role = replica;

CREATE TEMP TABLE tests ON COMMIT DROP AS
SELECT n, format('tests/unit/test_module_%%s.py::TestThing::test_behaviour_%%s', n / 20, n) AS name,
    debug_task_id('example.org/shop', format('tests/unit/test_module_%%s.py::TestThing::test_behaviour_%%s', n / 20, n))
        AS id
FROM generate_series(0, %(tests)s - 1) AS n;

INSERT INTO debug_tasks (id, project, operation_name, node_id, file, name, first_seen_at)
SELECT id, 'example.org/shop', name, name, split_part(name, '::', 1), split_part(name, '::', 3), timestamptz '2025-01-01'
FROM tests;

CREATE TEMP TABLE runs ON COMMIT DROP AS
SELECT n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id,
    timestamptz '2025-01-01' + n * interval '3 hours' AS at
FROM generate_series(0, %(runs)s - 1) AS n;

INSERT INTO debug_runs (
    id, correlation_id, project, agent_name, rootdir, command_line, python_version, platform, pytest_version, status,
    exit_status, started_at, finished_at, code_version, conditions, git_commit, git_branch
)
SELECT id, id, 'example.org/shop', 'pytest', '/shop', '{}', '3.12.1', 'linux x86_64', '9.2.0', 'finished', 0, at,
    at + interval '1 hour', md5((n / 3)::text), md5((n / 3)::text), md5((n / 3)::text), 'main'
FROM runs;

CREATE TEMP TABLE attempts ON COMMIT DROP AS
SELECT r.n AS run, r.id AS run_id, t.n AS test, t.id AS task_id, t.name, r.at + t.n * interval '1 second' AS at,
    -- One test in fifty fails now and then, half of the time on its own, so that one attempt in a hundred does.
    t.n %% 50 = 0 AND (hashtextextended(t.n::text || ' ' || r.n::text, 7) & 1) = 0 AS failed
FROM runs AS r CROSS JOIN tests AS t;

INSERT INTO debug_error_events (
    id, correlation_id, error_type, error_category, error_severity, error_message, error_code, agent_name,
    operation_name, execution_step, metadata, occurred_at, run_id, task_id
)
SELECT
    ('00000001-' || lpad(to_hex(run / 65536), 4, '0') || '-7' || lpad(to_hex(run %% 4096), 3, '0') || '-8000-'
        || lpad(to_hex(test), 12, '0'))::uuid,
    run_id, 'execution_error', 'agent', 'high', 'the dice said no', 'RuntimeError', 'pytest', name, test * 3 + 2,
    jsonb_build_object('attempt', 1, 'phase', 'call', 'fingerprint', '1:' || left(md5((test %% 500)::text), 16)),
    at, run_id, task_id
FROM attempts WHERE failed;

INSERT INTO debug_success_events (
    id, correlation_id, success_type, operation_name, agent_name, execution_step, quality_score, completion_status,
    execution_time_ms, retry_count, occurred_at, run_id, task_id
)
SELECT
    ('00000002-' || lpad(to_hex(run / 65536), 4, '0') || '-7' || lpad(to_hex(run %% 4096), 3, '0') || '-8000-'
        || lpad(to_hex(test), 12, '0'))::uuid,
    run_id, 'validation_pass', name, 'pytest', test * 3 + 2, 1, 'full', 3, 0, at, run_id, task_id
FROM attempts WHERE NOT failed;

INSERT INTO debug_workflow_steps (
    id, correlation_id, step_number, step_type, agent_name, operation_name, status, duration_ms, metadata, started_at,
    completed_at
)
SELECT
    ('00000003-' || lpad(to_hex(run / 65536), 4, '0') || '-7' || lpad(to_hex(run %% 4096), 3, '0') || '-8000-'
        || lpad(to_hex(test * 4 + phase), 12, '0'))::uuid,
    run_id, test * 3 + phase, (ARRAY['setup', 'call', 'teardown'])[phase], 'pytest', name,
    CASE WHEN failed AND phase = 2 THEN 'failed' ELSE 'completed' END, 1,
    jsonb_build_object('attempt', 1, 'outcome', 'passed'), at + phase * interval '1 millisecond',
    at + (phase + 1) * interval '1 millisecond'
FROM attempts CROSS JOIN generate_series(1, 3) AS phase;

UPDATE debug_runs AS r
SET steps_total = 3 * a.attempts, errors_total = a.failures, successes_total = a.attempts - a.failures,
    exit_status = (a.failures > 0)::integer
FROM (
    SELECT run_id, count(*) AS attempts, count(*) FILTER (WHERE failed) AS failures FROM attempts GROUP BY run_id
) AS a
WHERE a.run_id = r.id;
