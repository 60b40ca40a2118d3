-- Sum up the set-ups of each fixture in a run, those that took longest first, each with the test that waited longest for it.

WITH set_ups AS MATERIALIZED (
    SELECT
        s.operation_name AS name, s.metadata ->> 'scope' AS scope, s.metadata ->> 'file' AS file,
        (s.metadata ->> 'line')::integer AS line, s.parent_step_id,
        extract(epoch FROM s.completed_at - s.started_at)::double precision * 1000 AS ms
    FROM debug_workflow_steps AS s
    WHERE s.correlation_id = %(correlation_id)s AND s.step_type = 'fixture'
        AND s.started_at >= %(began)s AND (%(ended)s::timestamptz IS NULL OR s.started_at <= %(ended)s)
        AND s.completed_at IS NOT NULL
),
fixtures AS (
    SELECT
        u.name, u.scope, u.file, min(u.line) AS line, count(*) AS times, sum(u.ms) AS total_ms, max(u.ms) AS longest_ms,
        (array_agg(u.parent_step_id ORDER BY u.ms DESC))[1] AS longest_id
    FROM set_ups AS u
    GROUP BY u.name, u.scope, u.file
    ORDER BY total_ms DESC, u.name
    LIMIT %(limit)s
)
SELECT f.name, f.scope, f.file, f.line, f.times, f.total_ms, f.longest_ms, p.operation_name AS longest_for
FROM fixtures AS f
LEFT JOIN debug_workflow_steps AS p ON p.id = f.longest_id
ORDER BY f.total_ms DESC, f.name;
