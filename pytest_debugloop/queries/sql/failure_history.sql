-- Say what the record knows of one kind of failure of a test: how often and since when, and what it recovered by.

WITH same AS MATERIALIZED (
    SELECT e.id, e.run_id, e.occurred_at
    FROM debug_error_events AS e
    WHERE e.task_id = %(task_id)s AND e.metadata ->> 'fingerprint' IS NOT DISTINCT FROM %(fingerprint)s
),
recovered AS (
    SELECT c.recovery_strategy AS strategy, count(*) AS times, max(c.correlated_at) AS last_at
    FROM same AS s
    JOIN debug_error_success_correlation AS c ON c.error_event_id = s.id
    GROUP BY c.recovery_strategy
),
fix AS (
    SELECT c.id, c.evidence, c.confidence_score, c.correlated_at
    FROM same AS s
    JOIN debug_error_success_correlation AS c ON c.error_event_id = s.id
    WHERE c.recovery_strategy = 'code_change'
    ORDER BY c.correlated_at DESC, c.id DESC
    LIMIT 1
),
here AS (
    SELECT
        e.resolved_at,
        CASE WHEN e.resolved_at IS NULL THEN debug_passes_elsewhere(e.task_id, e.run_id) END AS passes_elsewhere,
        CASE WHEN e.resolved_at IS NULL AND last.at < now() - interval '14 days' THEN last.at END AS not_run_since
    FROM debug_error_events AS e
    JOIN debug_runs AS r ON r.id = e.run_id
    CROSS JOIN LATERAL (
        -- What is open has not passed there since, so its last attempt failed.
        SELECT max(o.occurred_at) AS at
        FROM debug_error_events AS o
        JOIN debug_runs AS l ON l.id = o.run_id
        WHERE o.task_id = e.task_id AND l.line = r.line
    ) AS last
    WHERE e.id = %(id)s
)
SELECT
    count(*) AS seen,
    count(DISTINCT s.run_id) AS runs,
    count(*) FILTER (WHERE s.occurred_at > now() - interval '7 days') AS seen_in_7_days,
    min(s.occurred_at) AS first_at,
    max(s.occurred_at) AS last_at,
    (SELECT coalesce(sum(times), 0)::bigint FROM recovered) AS recovered,
    (SELECT strategy FROM recovered ORDER BY times DESC, last_at DESC LIMIT 1) AS dominant_strategy,
    (SELECT times FROM recovered ORDER BY times DESC, last_at DESC LIMIT 1) AS dominant_times,
    (SELECT correlated_at FROM fix) AS last_fixed_at,
    (SELECT evidence #>> '{code,0,file}' FROM fix) AS last_fixed_file,
    (SELECT evidence #>> '{code,0,function}' FROM fix) AS last_fixed_function,
    coalesce((SELECT resolved_at IS NULL FROM here), FALSE) AS is_open,
    (SELECT not_run_since FROM here) AS not_run_since,
    coalesce((SELECT passes_elsewhere FROM here), '[]') AS passes_elsewhere
FROM same AS s;
