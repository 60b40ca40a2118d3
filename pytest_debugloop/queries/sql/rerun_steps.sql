-- Give the files that the processes of a run collected and the tests that they began, up to a failure, in order.

WITH named AS (
    -- A test whose name is another one in each run: what of it is the same.
    SELECT DISTINCT ON (found.operation_name) found.operation_name, t.operation_name AS task
    FROM (
        SELECT operation_name, task_id FROM debug_success_events
        WHERE correlation_id = %(correlation_id)s AND run_id = %(run_id)s
        UNION ALL
        SELECT operation_name, task_id FROM debug_error_events
        WHERE correlation_id = %(correlation_id)s AND run_id = %(run_id)s
    ) AS found
    JOIN debug_tasks AS t ON t.id = found.task_id AND t.operation_name <> found.operation_name
)
SELECT s.step_type, s.agent_name, s.operation_name AS test, named.task
FROM debug_workflow_steps AS s
JOIN debug_runs AS r ON r.id = %(run_id)s
LEFT JOIN named USING (operation_name)
WHERE s.correlation_id = %(correlation_id)s AND s.step_type IN ('collect', 'setup')
    AND s.started_at BETWEEN r.started_at AND %(until)s
ORDER BY s.started_at, s.step_number;
