-- Give the last pass of a test before a failure of it, in another run whose code is known where there is one.

SELECT s.id AS success_id, s.run_id, s.occurred_at AS passed_at, s.operation_name AS test
FROM debug_error_events AS e
JOIN debug_success_events AS s ON s.task_id = e.task_id AND s.run_id <> e.run_id AND s.occurred_at < e.occurred_at
JOIN debug_runs AS r ON r.id = s.run_id
WHERE e.id = %(error_id)s AND s.metadata ->> 'subtest' IS NOT DISTINCT FROM e.metadata ->> 'subtest'
ORDER BY s.occurred_at DESC, s.id
LIMIT 1;
