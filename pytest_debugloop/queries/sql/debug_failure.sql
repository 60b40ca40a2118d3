-- Give a failure with its state and what a session on it says of its run.

SELECT
    e.id, coalesce(t.node_id, e.operation_name, '') AS node_id, e.error_type, e.error_code, e.error_message,
    e.occurred_at, e.agent_name, e.metadata ->> 'phase' AS phase,
    substring(e.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer AS attempt,
    e.state_snapshot_id AS snapshot_id, r.id AS run_id, r.rootdir, r.git_commit, r.git_branch, r.python_version,
    r.code_version, s.agent_state AS state
FROM debug_error_events AS e
LEFT JOIN debug_tasks AS t ON t.id = e.task_id
LEFT JOIN debug_runs AS r ON r.id = e.run_id
LEFT JOIN debug_state_snapshots AS s ON s.id = e.state_snapshot_id
WHERE e.id = %(id)s;
