-- Give a failure with its state and what a session on it says of its run.

SELECT
    -- include: failure_columns
    r.rootdir, r.git_commit, r.git_branch, r.python_version, r.code_version, s.agent_state AS state
FROM debug_error_events AS e
CROSS JOIN LATERAL (SELECT debug_failure_place(e.metadata) AS place) AS at
LEFT JOIN debug_tasks AS t ON t.id = e.task_id
LEFT JOIN debug_runs AS r ON r.id = e.run_id
LEFT JOIN debug_state_snapshots AS s ON s.id = e.state_snapshot_id
WHERE e.id = %(id)s;
