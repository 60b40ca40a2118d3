-- Give the last attempt of a test in a run as one side of a comparison.

SELECT
    side.kind, side.id, coalesce(t.node_id, side.operation_name, '') AS node_id, r.id AS run_id, r.correlation_id,
    side.agent_name, side.snapshot_id, side.at, coalesce(step.started_at, side.at) AS began_at, side.operation_name
FROM debug_runs AS r
CROSS JOIN LATERAL (
    (
        SELECT
            'error' AS kind, e.id, e.operation_name, e.agent_name, e.state_snapshot_id AS snapshot_id,
            e.occurred_at AS at, e.execution_step
        FROM debug_error_events AS e
        WHERE e.correlation_id = r.correlation_id AND e.run_id = r.id AND e.task_id = %(task_id)s
        ORDER BY e.occurred_at DESC
        LIMIT 1
    )
    UNION ALL
    (
        SELECT
            'success', s.id, s.operation_name, s.agent_name, s.state_snapshot_id, s.occurred_at, s.execution_step
        FROM debug_success_events AS s
        WHERE s.correlation_id = r.correlation_id AND s.run_id = r.id AND s.task_id = %(task_id)s
            AND s.metadata ->> 'subtest' IS NULL
            -- An attempt that failed elsewhere, as in its teardown, is no pass.
            AND NOT EXISTS (
                SELECT FROM debug_error_events AS e
                WHERE e.task_id = s.task_id AND e.run_id = s.run_id AND e.agent_name = s.agent_name
                    AND (e.metadata ->> 'attempt')::integer = s.retry_count + 1
            )
        ORDER BY s.occurred_at DESC
        LIMIT 1
    )
) AS side
LEFT JOIN debug_tasks AS t ON t.id = %(task_id)s
LEFT JOIN debug_workflow_steps AS step
    ON step.correlation_id = r.correlation_id AND step.step_number = side.execution_step
WHERE r.id = %(run_id)s
ORDER BY side.at DESC
LIMIT 1;
