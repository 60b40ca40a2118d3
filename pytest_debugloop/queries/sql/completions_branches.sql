-- Complete the name of a branch, the one with the latest run first.

SELECT 'branch' AS kind, r.git_branch AS word, NULL::text AS help
FROM debug_runs AS r
WHERE r.git_branch IS NOT NULL AND starts_with(r.git_branch, %(begun)s)
    AND (%(project)s::text IS NULL OR r.project = %(project)s)
GROUP BY r.git_branch
ORDER BY max(r.started_at) DESC
LIMIT %(limit)s;
