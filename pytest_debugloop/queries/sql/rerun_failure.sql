-- Give a failure with all that is known of the run it happened in.

SELECT
    e.id, r.id AS run_id, r.correlation_id, r.project, e.task_id, coalesce(e.operation_name, '') AS test,
    t.operation_name AS task, e.agent_name, coalesce(r.agent_name, 'pytest') AS main_agent, e.error_type, e.error_code,
    e.error_message, e.metadata ->> 'fingerprint' AS fingerprint, e.metadata ->> 'phase' AS phase,
    substring(e.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer AS attempt,
    e.metadata ->> 'exception' AS exception, e.metadata -> 'code' AS places, e.occurred_at, r.started_at,
    coalesce(r.rootdir, '') AS rootdir,
    coalesce(r.command_line, '{}') AS command_line, r.python_version, r.platform, r.plugins, r.git_commit, v.files,
    r.distributions, r.environment, r.random_seeds, s.agent_state -> 'exceptions' AS chain
FROM debug_error_events AS e
JOIN debug_runs AS r ON r.id = e.run_id
LEFT JOIN debug_tasks AS t ON t.id = e.task_id
LEFT JOIN debug_code_versions AS v ON v.id = r.code_version
LEFT JOIN debug_state_snapshots AS s ON s.id = e.state_snapshot_id
WHERE e.id = %(id)s;
