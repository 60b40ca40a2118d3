-- Find tests by their node id or a part of it: the whole first, then its end, then any part; and of each those first
-- that have an open failure, and then those of a project.

SELECT id, project, node_id,
    EXISTS (
        SELECT FROM debug_error_events AS e WHERE e.task_id = debug_tasks.id AND e.resolved_at IS NULL
    ) AS is_open,
    CASE
        WHEN node_id = %(text)s THEN 0
        WHEN right(node_id, length(%(text)s) + 2) = '::' || %(text)s THEN 1
        WHEN right(node_id, length(%(text)s)) = %(text)s THEN 2
        WHEN strpos(node_id, %(text)s) > 0 THEN 3
        ELSE 4
    END AS rank
FROM debug_tasks
WHERE strpos(lower(node_id), lower(%(text)s)) > 0
    AND (%(project)s::text IS NULL OR project = %(project)s)
ORDER BY rank, is_open DESC, project = %(here)s::text DESC NULLS LAST, node_id, project
LIMIT %(limit)s;
