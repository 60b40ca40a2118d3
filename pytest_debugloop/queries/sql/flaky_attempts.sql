-- Tell on what the latest first attempts of flaky tests ran. What failed until code or data were changed was no flake.

SELECT
    a.task_id, a.failed, r.leg, extract(hour FROM r.started_at AT TIME ZONE 'UTC')::integer AS hour,
    r.environment ->> 'PYTHONHASHSEED' AS hash_seed, left(r.boot_id, 8) AS machine, r.platform,
    coalesce(a.agent_name <> r.agent_name, FALSE) AS is_parallel,
    CASE WHEN a.step_number IS NOT NULL THEN coalesce(previous.operation_name, '') END AS previous,
    r.correlation_id, a.agent_name, a.operation_name, a.step_number
FROM unnest(%(task_ids)s::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    -- Those of the errors and of the successes by the index of each, and not all attempts of the view.
    (
        SELECT e.task_id, e.run_id, e.agent_name, e.operation_name, e.occurred_at, TRUE AS failed,
            e.execution_step AS step_number
        FROM debug_error_events AS e
        WHERE e.task_id = wanted.id AND e.metadata ->> 'attempt' = '1' AND NOT e.metadata ? 'incident'
            AND coalesce(e.recovery_strategy, '') NOT IN ('code_change', 'data_change', 'dependency_change')
            -- One of several failures of the attempt.
            AND NOT EXISTS (
                SELECT FROM debug_error_events AS o
                WHERE o.task_id = e.task_id AND o.run_id = e.run_id AND o.agent_name = e.agent_name
                    AND o.metadata ->> 'attempt' = '1' AND (o.occurred_at, o.id) < (e.occurred_at, e.id)
            )
        ORDER BY e.occurred_at DESC
        LIMIT %(looked_at)s
    )
    UNION ALL
    (
        SELECT s.task_id, s.run_id, s.agent_name, s.operation_name, s.occurred_at, FALSE, s.execution_step
        FROM debug_success_events AS s
        WHERE s.task_id = wanted.id AND s.retry_count = 0 AND s.metadata ->> 'subtest' IS NULL
            AND NOT EXISTS (
                SELECT FROM debug_error_events AS e
                WHERE e.task_id = s.task_id AND e.run_id = s.run_id AND e.agent_name = s.agent_name
                    AND e.metadata ->> 'attempt' = '1'
            )
        ORDER BY s.occurred_at DESC
        LIMIT %(looked_at)s
    )
    ORDER BY occurred_at DESC
    LIMIT %(looked_at)s
) AS a
JOIN debug_runs AS r ON r.id = a.run_id
LEFT JOIN LATERAL (
    SELECT p.operation_name FROM debug_workflow_steps AS p
    WHERE p.correlation_id = r.correlation_id AND p.step_number < a.step_number AND p.agent_name = a.agent_name
        AND p.step_type = 'setup' AND p.operation_name <> a.operation_name
    ORDER BY p.step_number DESC
    LIMIT 1
) AS previous ON TRUE
ORDER BY a.task_id, a.occurred_at DESC;
