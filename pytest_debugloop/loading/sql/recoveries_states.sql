-- Give the states of failures that a retry recovered, and of the attempts that did.

SELECT s.id, before.agent_state AS failing, after.agent_state AS passing
FROM linked AS l
JOIN debug_success_events AS s ON s.id = l.success_id
JOIN debug_error_events AS e ON e.id = l.error_id
JOIN debug_state_snapshots AS after ON after.id = s.state_snapshot_id AND after.snapshot_type = 'success'
JOIN debug_state_snapshots AS before ON before.id = e.state_snapshot_id
WHERE l.error_run = l.success_run AND s.success_factors IS NULL
ORDER BY s.id, e.occurred_at DESC;
