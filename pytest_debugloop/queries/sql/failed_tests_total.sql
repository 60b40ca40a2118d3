-- Count the tests that ever failed.

SELECT count(DISTINCT e.task_id) AS rows
FROM debug_error_events AS e
JOIN debug_runs AS r ON r.id = e.run_id
WHERE e.task_id IS NOT NULL AND (%(project)s::text IS NULL OR r.project = %(project)s);
