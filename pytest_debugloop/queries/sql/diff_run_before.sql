-- Give the run before another one on its line.

SELECT earlier.id
FROM debug_runs AS r
JOIN debug_runs AS earlier
    ON earlier.project = r.project AND earlier.line IS NOT DISTINCT FROM r.line AND earlier.started_at < r.started_at
WHERE r.id = %(id)s
ORDER BY earlier.started_at DESC, earlier.id DESC
LIMIT 1;
