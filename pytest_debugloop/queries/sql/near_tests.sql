-- Find tests whose names have some of the words, those with most of them first, and of these the shortest.

SELECT t.id, t.node_id
FROM debug_tasks AS t
CROSS JOIN LATERAL (
    SELECT count(*) AS words FROM unnest(%(words)s::text[]) AS word WHERE strpos(lower(t.node_id), word) > 0
) AS found
WHERE found.words > 0 AND (%(project)s::text IS NULL OR t.project = %(project)s)
ORDER BY found.words DESC, length(t.node_id), t.node_id
LIMIT %(limit)s;
