-- Give the states of passes that recovered failures, each with that of the last of these.

SELECT last.id, before.agent_state AS failing, after.agent_state AS passing
FROM (
    SELECT DISTINCT ON (s.id) s.id, s.state_snapshot_id AS after_id, e.state_snapshot_id AS before_id
    FROM linked AS l
    JOIN debug_success_events AS s ON s.id = l.success_id
    JOIN debug_error_events AS e ON e.id = l.error_id
    WHERE s.success_factors IS NULL AND s.state_snapshot_id IS NOT NULL AND e.state_snapshot_id IS NOT NULL
    ORDER BY s.id, e.occurred_at DESC
) AS last
JOIN debug_state_snapshots AS after ON after.id = last.after_id AND after.snapshot_type = 'success'
JOIN debug_state_snapshots AS before ON before.id = last.before_id;
