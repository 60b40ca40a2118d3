-- Give a snapshot as one side of a comparison: as the event that has it, the latest where several do.

(
    SELECT
        'snapshot' AS kind, n.id, coalesce(t.node_id, e.operation_name, '') AS node_id, e.run_id, e.correlation_id,
        e.agent_name, n.id AS snapshot_id, e.occurred_at AS at, e.occurred_at AS began_at, e.operation_name
    FROM debug_state_snapshots AS n
    JOIN debug_error_events AS e ON e.state_snapshot_id = n.id
    LEFT JOIN debug_tasks AS t ON t.id = e.task_id
    WHERE n.id = %(id)s
    ORDER BY e.occurred_at DESC
    LIMIT 1
)
UNION ALL
(
    SELECT
        'snapshot', n.id, coalesce(t.node_id, p.operation_name, ''), p.run_id, p.correlation_id,
        p.agent_name, n.id, p.occurred_at, p.occurred_at, p.operation_name
    FROM debug_state_snapshots AS n
    JOIN debug_success_events AS p ON p.state_snapshot_id = n.id
    LEFT JOIN debug_tasks AS t ON t.id = p.task_id
    WHERE n.id = %(id)s
    ORDER BY p.occurred_at DESC
    LIMIT 1
)
UNION ALL
(
    SELECT
        'snapshot', n.id, '', NULL, n.correlation_id, n.agent_name, n.id, n.captured_at, n.captured_at, NULL
    FROM debug_state_snapshots AS n
    WHERE n.id = %(id)s
)
LIMIT 1;
