-- Give what was recorded in a run: the steps that its tests, or the program, have named, with the phase that each is in.

WITH RECURSIVE notes AS MATERIALIZED (
    SELECT s.*
    FROM debug_runs AS run
    JOIN debug_workflow_steps AS s ON s.correlation_id = run.correlation_id
        AND s.started_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
    WHERE run.id = %(run_id)s
        AND s.step_type IN ('step', 'checkpoint', 'transformation', 'llm_call', 'artifact', 'record', 'execution')
    ORDER BY s.step_number
    LIMIT %(limit)s
),
placed AS (
    SELECT n.id, CASE WHEN outer_step.step_type IN ('setup', 'call', 'teardown') THEN outer_step.operation_name END AS test,
        CASE WHEN outer_step.step_type IN ('setup', 'call', 'teardown') THEN outer_step.step_type END AS phase, 0 AS depth
    FROM notes AS n
    LEFT JOIN debug_workflow_steps AS outer_step ON outer_step.id = n.parent_step_id
    WHERE outer_step.id IS NULL OR outer_step.step_type IN ('setup', 'call', 'teardown')
    UNION ALL
    SELECT n.id, p.test, p.phase, p.depth + 1
    FROM placed AS p
    JOIN notes AS n ON n.parent_step_id = p.id
)
SELECT
    s.id, s.step_number, s.step_type, s.operation_name AS name, p.test, p.phase, coalesce(p.depth, 0) AS depth,
    s.status, s.duration_ms, s.started_at, s.parent_step_id, s.error_event_id AS error_id,
    s.input_data AS input, s.output_data AS output, s.metadata,
    coalesce(s.post_state_snapshot_id, s.pre_state_snapshot_id) AS snapshot_id, state.state
FROM notes AS s
LEFT JOIN placed AS p USING (id)
LEFT JOIN LATERAL (
    SELECT CASE WHEN n.state_size_bytes <= 20000 THEN n.agent_state -> 'state' END AS state
    FROM debug_state_snapshots AS n
    WHERE n.id = coalesce(s.post_state_snapshot_id, s.pre_state_snapshot_id)
) AS state ON TRUE
ORDER BY s.step_number;
