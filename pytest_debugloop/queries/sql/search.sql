-- Find tests by their names, and kinds of failures by their messages; all words have to be there, in any case.
--
-- In the latest failures and in names, wherever they stand; in older failures, where words begin with them, by the index.

WITH words AS (
    SELECT
        array_agg('%%' || regexp_replace(word, '([\\%%_])', '\\\1', 'g') || '%%') AS patterns,
        to_tsquery('simple', string_agg(begun.query, ' & ')) AS query
    FROM regexp_split_to_table(%(text)s, '\s+') AS word
    CROSS JOIN LATERAL (
        SELECT string_agg(quote_literal(part) || ':*', ' & ') AS query
        FROM regexp_split_to_table(
            translate(word, '/.-_@:+&?=%%#~<>''"\', '                  '), '\s+'
        ) AS part
        WHERE part <> ''
    ) AS begun
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
found AS MATERIALIZED (
    (
        SELECT e.*
        FROM debug_error_events AS e
        ORDER BY e.occurred_at DESC
        LIMIT %(latest)s
    )
    UNION ALL
    (
        SELECT e.*
        FROM debug_error_events AS e
        WHERE to_tsvector(
            'simple',
            translate(
                left(coalesce(e.error_code, '') || ' ' || e.error_message, 500), '/.-_@:+&?=%%#~<>''"\',
                '                  '
            )
        ) @@ (SELECT w.query FROM words AS w)
        LIMIT %(looked_at)s
    )
),
failures AS (
    SELECT DISTINCT ON (e.metadata ->> 'fingerprint')
        e.id, e.occurred_at, coalesce(t.node_id, e.operation_name, '') AS node_id, e.error_type, e.error_code,
        left(e.error_message, 500) AS error_message, t.project
    FROM found AS e
    CROSS JOIN words AS w
    LEFT JOIN debug_tasks AS t ON t.id = e.task_id
    WHERE coalesce(e.error_code || ': ', '') || e.error_message ILIKE ALL (w.patterns)
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
