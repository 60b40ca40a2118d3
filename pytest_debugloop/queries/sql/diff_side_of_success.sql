-- Give a pass as one side of a comparison.

SELECT
    'success' AS kind, p.id, coalesce(t.node_id, p.operation_name, '') AS node_id, p.run_id, p.correlation_id,
    p.agent_name, p.state_snapshot_id AS snapshot_id, p.occurred_at AS at,
    coalesce(s.started_at, p.occurred_at) AS began_at, p.operation_name
FROM debug_success_events AS p
LEFT JOIN debug_tasks AS t ON t.id = p.task_id
LEFT JOIN debug_workflow_steps AS s ON s.correlation_id = p.correlation_id AND s.step_number = p.execution_step
WHERE p.id = %(id)s;
