-- Give a failure as one side of a comparison.

SELECT
    'error' AS kind, e.id, coalesce(t.node_id, e.operation_name, '') AS node_id, e.run_id, e.correlation_id,
    e.agent_name, e.state_snapshot_id AS snapshot_id, e.occurred_at AS at,
    coalesce(s.started_at, e.occurred_at) AS began_at, e.operation_name
FROM debug_error_events AS e
LEFT JOIN debug_tasks AS t ON t.id = e.task_id
LEFT JOIN debug_workflow_steps AS s ON s.correlation_id = e.correlation_id AND s.step_number = e.execution_step
WHERE e.id = %(id)s;
