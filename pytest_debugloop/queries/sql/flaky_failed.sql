-- Name the tests that ever failed.

SELECT e.task_id
FROM (SELECT DISTINCT task_id FROM debug_error_events WHERE task_id IS NOT NULL) AS e
JOIN debug_tasks AS t ON t.id = e.task_id
WHERE %(project)s::text IS NULL OR t.project = %(project)s;
