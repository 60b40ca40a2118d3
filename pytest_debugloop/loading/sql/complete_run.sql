-- Count a run whose journals are all loaded; one whose main process never ended it died.

WITH run AS (
    SELECT id, correlation_id, session_id, agent_name, project, started_at, exit_status, finished_at
    FROM debug_runs WHERE id = %(run_id)s
)
INSERT INTO debug_success_events (
    id, correlation_id, session_id, success_type, operation_name, agent_name, completion_status, execution_time_ms,
    metadata, occurred_at
)
SELECT
    debug_snapshot_id('task_completion', id::text), correlation_id, session_id, 'task_completion', left(project, 255),
    agent_name, 'full', least((extract(epoch FROM finished_at - started_at) * 1000)::bigint, 2147483647)::integer,
    jsonb_build_object('run_id', id), finished_at
FROM run
WHERE exit_status = 0
ON CONFLICT (id) DO NOTHING;

UPDATE debug_runs AS run
SET status = CASE status WHEN 'running' THEN 'died' ELSE status END,
    steps_total = (
        SELECT count(*) FROM debug_workflow_steps AS s
        WHERE s.correlation_id = run.correlation_id AND s.step_type <> 'fixture'  -- they are parts of others
            AND s.started_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
    ),
    skipped_total = (
        SELECT count(*) FROM debug_workflow_steps AS s
        WHERE s.correlation_id = run.correlation_id AND s.status = 'skipped'
            AND s.started_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
    ),
    errors_total = (
        SELECT count(*) FROM debug_error_events AS e
        WHERE e.correlation_id = run.correlation_id
            AND e.occurred_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
    ),
    successes_total = (
        SELECT count(*) FROM debug_success_events AS e
        WHERE e.correlation_id = run.correlation_id AND e.success_type <> 'task_completion'
            AND e.occurred_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
    ),
    recoveries_total = (
        SELECT count(*) FROM debug_error_success_correlation AS c
        WHERE c.correlation_id = run.correlation_id
            AND c.correlated_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
    )
WHERE id = %(run_id)s;

SELECT steps_total, errors_total, recoveries_total FROM debug_runs WHERE id = %(run_id)s;
