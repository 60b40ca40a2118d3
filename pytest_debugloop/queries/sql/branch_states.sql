-- Give the last runs of each branch and leg that was run lately, those of one pair together, the latest pair first.

WITH latest AS MATERIALIZED (
    SELECT r.*
    FROM debug_runs AS r
    WHERE (%(project)s::text IS NULL OR r.project = %(project)s)
    ORDER BY r.started_at DESC
    LIMIT %(looked_at)s
),
numbered AS (
    SELECT
        coalesce(l.git_branch, '') AS branch, l.leg, l.id, l.started_at, l.status, l.exit_status, l.errors_total,
        row_number() OVER pair AS place,
        max(l.started_at) OVER (PARTITION BY l.git_branch, l.leg) AS last_at
    FROM latest AS l
    WINDOW pair AS (PARTITION BY l.git_branch, l.leg ORDER BY l.started_at DESC)
)
SELECT branch, leg, id, started_at, status, exit_status, coalesce(errors_total, 0) AS errors_total
FROM numbered
WHERE place <= %(runs)s
ORDER BY last_at DESC, branch, leg, started_at DESC;
