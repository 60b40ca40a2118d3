-- Name the branch that others are compared with: the first of those that are mostly called so of which there are runs.

SELECT r.git_branch AS name
FROM debug_runs AS r
WHERE (%(project)s::text IS NULL OR r.project = %(project)s) AND r.git_branch = ANY (%(names)s::text [])
    AND (r.change_id IS NULL OR r.target_branch IS DISTINCT FROM r.git_branch)
GROUP BY r.git_branch
ORDER BY array_position(%(names)s::text [], r.git_branch)
LIMIT 1;
