-- Give the last run of a project, and whether the code that it was run on is known.

SELECT id, project, status, started_at, code_version IS NOT NULL AS is_code_known
FROM debug_runs
WHERE %(project)s::text IS NULL OR project = %(project)s
ORDER BY started_at DESC, id DESC
LIMIT 1;
