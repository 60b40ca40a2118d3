-- Give what a test recorded in a run: the steps below the phases of its last attempt.

WITH RECURSIVE phases AS MATERIALIZED (
    SELECT s.id, s.operation_name, s.step_type, (s.metadata ->> 'attempt')::integer AS attempt
    FROM debug_runs AS run
    JOIN debug_workflow_steps AS s ON s.correlation_id = run.correlation_id
        AND s.started_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
    WHERE run.id = %(run_id)s AND s.step_type IN ('setup', 'call', 'teardown')
        AND s.operation_name IN (
            SELECT operation_name FROM debug_error_events WHERE task_id = %(task_id)s AND run_id = %(run_id)s
            UNION
            SELECT operation_name FROM debug_success_events WHERE task_id = %(task_id)s AND run_id = %(run_id)s
        )
),
placed AS (
    SELECT s.id, p.operation_name AS test, p.step_type AS phase, 0 AS depth
    FROM phases AS p
    JOIN debug_workflow_steps AS s ON s.parent_step_id = p.id
    WHERE p.attempt = (SELECT max(attempt) FROM phases)
        AND s.step_type IN ('step', 'checkpoint', 'transformation', 'llm_call', 'artifact', 'record', 'execution')
    UNION ALL
    SELECT s.id, p.test, p.phase, p.depth + 1
    FROM placed AS p
    JOIN debug_workflow_steps AS s ON s.parent_step_id = p.id
)
SELECT
    s.id, s.step_number, s.step_type, s.operation_name AS name, p.test, p.phase, p.depth,
    s.status, s.duration_ms, s.started_at, s.parent_step_id, s.error_event_id AS error_id,
    s.input_data AS input, s.output_data AS output, s.metadata,
    coalesce(s.post_state_snapshot_id, s.pre_state_snapshot_id) AS snapshot_id, state.state
FROM placed AS p
JOIN debug_workflow_steps AS s USING (id)
LEFT JOIN LATERAL (
    SELECT CASE WHEN n.state_size_bytes <= 20000 THEN n.agent_state -> 'state' END AS state
    FROM debug_state_snapshots AS n
    WHERE n.id = coalesce(s.post_state_snapshot_id, s.pre_state_snapshot_id)
) AS state ON TRUE
ORDER BY s.step_number
LIMIT %(limit)s;
