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
    (SELECT evidence #>> '{code,0,function}' FROM fix) AS last_fixed_function
FROM same AS s;
