-- Give the tests of a project that failed and have not passed since, those that failed last first, with leg and branch.
--
-- What nobody has run for long is not waited for: a branch that is gone, a test that was removed.

SELECT t.node_id, r.leg, r.git_branch
FROM (
    SELECT DISTINCT ON (task_id) task_id, run_id, occurred_at
    FROM (
        SELECT task_id, run_id, occurred_at
        FROM debug_error_events
        WHERE resolved_at IS NULL AND task_id IS NOT NULL
            AND occurred_at > now() - make_interval(days => %(days)s)
        ORDER BY occurred_at DESC
        LIMIT 20000
    ) AS latest
    ORDER BY task_id, occurred_at DESC
) AS e
JOIN debug_tasks AS t ON t.id = e.task_id
LEFT JOIN debug_runs AS r ON r.id = e.run_id
WHERE t.project = %(project)s
    OR t.project IN (SELECT a.project FROM debug_project_aliases AS a WHERE a.alias = %(project)s)
ORDER BY e.occurred_at DESC, t.id
LIMIT %(most)s;
