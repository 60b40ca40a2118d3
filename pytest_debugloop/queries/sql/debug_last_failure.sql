-- Give the last failure whose state was captured, of a test, a project or all.

SELECT e.id
FROM debug_error_events AS e
LEFT JOIN debug_runs AS r ON r.id = e.run_id
WHERE
    e.state_snapshot_id IS NOT NULL
    AND (%(task_id)s::uuid IS NULL OR e.task_id = %(task_id)s)
    AND (%(project)s::text IS NULL OR r.project = %(project)s)
ORDER BY e.occurred_at DESC, e.id DESC
LIMIT 1;
