-- List the tests whose call took longer on one side than on the other, and longer than in its last passes there.

WITH longer AS MATERIALIZED (
    SELECT
        r.leg, p.task_id, min(p.execution_time_ms) FILTER (WHERE side.is_head) AS ms,
        min(p.execution_time_ms) FILTER (WHERE NOT side.is_head) AS base_ms
    FROM (VALUES (TRUE, %(head)s::uuid []), (FALSE, %(base)s::uuid [])) AS side (is_head, ids)
    JOIN debug_runs AS r ON r.id = ANY (side.ids)
    CROSS JOIN LATERAL (
        SELECT p.task_id, p.execution_time_ms FROM debug_success_events AS p
        WHERE p.correlation_id = r.correlation_id AND p.run_id = r.id
            AND p.task_id IS NOT NULL AND p.metadata ->> 'subtest' IS NULL
            AND (%(task_ids)s::uuid[] IS NULL OR p.task_id = ANY (%(task_ids)s))
        OFFSET 0  -- a run at a time, by the index: the planner would rather read all
    ) AS p
    GROUP BY r.leg, p.task_id  -- and not each side by itself: the planner joins sides that it thinks small by a loop
    HAVING min(p.execution_time_ms) FILTER (WHERE side.is_head)
            >= min(p.execution_time_ms) FILTER (WHERE NOT side.is_head) * %(ratio)s::double precision
        AND min(p.execution_time_ms) FILTER (WHERE side.is_head)
            - min(p.execution_time_ms) FILTER (WHERE NOT side.is_head) >= %(least_ms)s
    ORDER BY min(p.execution_time_ms) FILTER (WHERE side.is_head)
        - min(p.execution_time_ms) FILTER (WHERE NOT side.is_head) DESC
    LIMIT %(looked_at)s
)
SELECT DISTINCT ON (l.ms - l.base_ms, l.task_id) l.task_id, t.node_id, l.leg, l.ms, l.base_ms, before.longest_ms
FROM longer AS l
JOIN debug_tasks AS t ON t.id = l.task_id
CROSS JOIN LATERAL (
    SELECT max(p.execution_time_ms) AS longest_ms
    FROM (
        SELECT p.execution_time_ms
        FROM (
            SELECT p.execution_time_ms, p.run_id, p.occurred_at
            FROM debug_success_events AS p
            WHERE p.task_id = l.task_id AND p.run_id <> ALL (%(head)s::uuid []) AND p.metadata ->> 'subtest' IS NULL
            ORDER BY p.occurred_at DESC
            LIMIT 1000  -- a leg that is rare is not looked for in all
        ) AS p
        JOIN debug_runs AS r ON r.id = p.run_id
        WHERE r.leg = l.leg
        ORDER BY p.occurred_at DESC
        LIMIT 20
    ) AS p
) AS before
WHERE l.ms > before.longest_ms * 1.2
ORDER BY l.ms - l.base_ms DESC, l.task_id
LIMIT %(limit)s;
