-- Say what the failures of tests cost: the time of the attempts that failed, and of the passes that had to be tried again.

SELECT task_id, sum(milliseconds)::double precision AS cost_ms
FROM (
    SELECT e.task_id, st.duration_ms AS milliseconds
    FROM debug_error_events AS e
    JOIN debug_workflow_steps AS st
        ON st.correlation_id = e.correlation_id AND st.step_number = e.execution_step
    WHERE e.task_id = ANY(%(task_ids)s)
    UNION ALL
    SELECT s.task_id, s.execution_time_ms
    FROM debug_success_events AS s
    WHERE s.task_id = ANY(%(task_ids)s) AND s.retry_count > 0
) AS spent
GROUP BY task_id;
