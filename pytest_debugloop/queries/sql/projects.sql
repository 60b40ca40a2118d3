-- Name the projects that have runs, the one with the latest first.

SELECT project AS name, max(started_at) AS last_at FROM debug_runs GROUP BY project ORDER BY max(started_at) DESC;
