-- Complete a test, by its name or its node id, or an id: of the latest runs and of open failures.

WITH runs AS (
    SELECT r.id, r.git_branch, r.started_at
    FROM debug_runs AS r
    WHERE %(project)s::text IS NULL OR r.project = %(project)s
    ORDER BY r.started_at DESC
    LIMIT 200
),
failures AS (
    SELECT e.id, e.task_id, e.error_code, e.occurred_at
    FROM debug_error_events AS e
    WHERE e.resolved_at IS NULL AND e.task_id IS NOT NULL
    ORDER BY e.occurred_at DESC
    LIMIT 1000
)
SELECT kind, word, help
FROM (
    SELECT 'test' AS kind, t.word, NULL::text AS help, NULL::timestamptz AS at
    FROM (
        SELECT CASE WHEN starts_with(t.node_id, %(begun)s) THEN t.node_id
                ELSE substring(t.node_id FROM '::([^:\[]+)(?:\[|$)') END AS word
        FROM debug_tasks AS t
        WHERE %(project)s::text IS NULL OR t.project = %(project)s
    ) AS t
    WHERE %(begun)s <> '' AND starts_with(t.word, %(begun)s)
    UNION
    SELECT 'id', right(f.id::text, 8), concat_ws(' in ', f.error_code, t.node_id), f.occurred_at
    FROM failures AS f
    JOIN debug_tasks AS t ON t.id = f.task_id
    WHERE starts_with(right(f.id::text, 8), %(begun)s) AND (%(project)s::text IS NULL OR t.project = %(project)s)
    UNION
    SELECT 'id', right(r.id::text, 8), concat_ws(' on ', 'run', r.git_branch), r.started_at
    FROM runs AS r
    WHERE starts_with(right(r.id::text, 8), %(begun)s)
) AS found
ORDER BY kind = 'id', at DESC, word
LIMIT %(limit)s;
