-- Find tests by their names, and kinds of failures by their messages; all words have to be there, in any case.

WITH words AS (
    SELECT array_agg('%%' || regexp_replace(word, '([\\%%_])', '\\\1', 'g') || '%%') AS patterns
    FROM regexp_split_to_table(%(text)s, '\s+') AS word
    WHERE word <> ''
),
tests AS (
    SELECT t.id, t.project, t.node_id
    FROM debug_tasks AS t
    CROSS JOIN words AS w
    WHERE t.node_id ILIKE ALL (w.patterns) AND (%(project)s::text IS NULL OR t.project = %(project)s)
    ORDER BY length(t.node_id), t.node_id
    LIMIT %(limit)s
),
recent AS MATERIALIZED (
    SELECT e.*
    FROM debug_error_events AS e
    ORDER BY e.occurred_at DESC
    LIMIT %(looked_at)s
),
failures AS (
    SELECT DISTINCT ON (e.metadata ->> 'fingerprint')
        e.id, e.occurred_at, coalesce(t.node_id, e.operation_name, '') AS node_id, e.error_type, e.error_code,
        left(e.error_message, 500) AS error_message, t.project
    FROM recent AS e
    CROSS JOIN words AS w
    LEFT JOIN debug_tasks AS t ON t.id = e.task_id
    WHERE concat_ws(' ', e.error_code, e.error_message) ILIKE ALL (w.patterns)
        AND (%(project)s::text IS NULL OR t.project = %(project)s)
    ORDER BY e.metadata ->> 'fingerprint', e.occurred_at DESC
)
SELECT 'test' AS kind, id, node_id, NULL AS error_type, NULL AS error_code, NULL AS error_message, NULL::timestamptz AS at
FROM tests
UNION ALL
(
    SELECT 'error', id, node_id, error_type, error_code, error_message, occurred_at
    FROM failures
    ORDER BY occurred_at DESC
    LIMIT %(limit)s
);
