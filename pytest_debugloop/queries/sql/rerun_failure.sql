-- Give a failure with all that is known of the run it happened in.

SELECT
    -- include: failure_columns
    r.project, t.operation_name AS task, coalesce(r.agent_name, 'pytest') AS main_agent,
    e.metadata ->> 'exception' AS exception, e.metadata -> 'code' AS places, r.started_at,
    coalesce(r.rootdir, '') AS rootdir, coalesce(r.command_line, '{}') AS command_line, r.python_version, r.platform,
    r.plugins, r.git_commit, v.files, r.distributions, r.environment, r.random_seeds,
    s.agent_state -> 'exceptions' AS chain
FROM debug_error_events AS e
CROSS JOIN LATERAL (SELECT debug_failure_place(e.metadata) AS place) AS at
JOIN debug_runs AS r ON r.id = e.run_id
LEFT JOIN debug_tasks AS t ON t.id = e.task_id
LEFT JOIN debug_code_versions AS v ON v.id = r.code_version
LEFT JOIN debug_state_snapshots AS s ON s.id = e.state_snapshot_id
WHERE e.id = %(id)s;
