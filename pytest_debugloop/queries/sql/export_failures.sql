-- List the failures of a run, or some by their ids, whole.

SELECT
    -- include: failure_columns
    e.session_id, e.error_stack_trace, e.metadata ->> 'exception' AS exception
FROM debug_error_events AS e
CROSS JOIN LATERAL (SELECT debug_failure_place(e.metadata) AS place) AS at
LEFT JOIN debug_tasks AS t ON t.id = e.task_id
WHERE CASE
    WHEN %(ids)s::uuid[] IS NULL THEN
        e.run_id = %(run_id)s
        AND e.correlation_id = (SELECT correlation_id FROM debug_runs WHERE id = %(run_id)s)
    ELSE e.id = ANY (%(ids)s::uuid[])
END
    AND (%(task_ids)s::uuid[] IS NULL OR e.task_id = ANY (%(task_ids)s))
ORDER BY e.occurred_at, e.id;
