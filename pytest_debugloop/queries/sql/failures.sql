-- List failures: one, or those of a test, the latest first; or what failed in a run: of each test and phase the last
-- attempt, those that no retry fixed first, and of what is of no test, all. By their causes, the most frequent first, the
-- limit is of causes, and so many failures are named of each. The first ones, or the first of each cause, come with their
-- state, where that is not larger than asked, and with what is known of failures of the test that have the same fingerprint.

SELECT
    -- include: failure_columns
    e.attempts_failed, e.of_cause,
    (
        SELECT s.agent_state FROM debug_state_snapshots AS s
        WHERE s.id = e.state_snapshot_id AND e.is_detailed
            AND greatest(s.state_size_bytes, pg_column_size(s.agent_state)) <= %(largest)s
    ) AS state,
    h.*, p.last_passed_at, p.last_passed_run_id, p.last_passed_commit, p.last_passed_branch, p.changed_since
FROM (
    (
        SELECT d.*, d.place <= %(details)s AS is_detailed
        FROM (
            SELECT d.*, FALSE AS is_retried, 1::bigint AS attempts_failed, 1::bigint AS of_cause,
                NULL::timestamptz AS cause_at, 1::bigint AS in_cause, 1::bigint AS cause_place,
                row_number() OVER (ORDER BY d.occurred_at DESC, d.id DESC) AS place
            FROM debug_error_events AS d
            WHERE %(run_id)s::uuid IS NULL
                AND (%(id)s::uuid IS NULL OR d.id = %(id)s)
                AND (%(task_id)s::uuid IS NULL OR d.task_id = %(task_id)s)
        ) AS d
        ORDER BY d.place
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT
            d.*,
            CASE
                WHEN %(by_cause)s THEN row_number() OVER (ORDER BY d.cause_place, d.in_cause)
                ELSE row_number() OVER (ORDER BY d.is_retried, d.occurred_at, d.id)
            END AS place,
            CASE WHEN %(by_cause)s THEN d.in_cause = 1 AND d.cause_place <= %(details)s
                ELSE row_number() OVER (ORDER BY d.is_retried, d.occurred_at, d.id) <= %(details)s
            END AS is_detailed
        FROM (
            SELECT d.*, dense_rank() OVER (
                ORDER BY d.is_retried, d.of_cause DESC, d.cause_at, d.cause_fingerprint
            ) AS cause_place
            FROM (
                SELECT
                    d.*, count(*) OVER cause AS of_cause, min(d.occurred_at) OVER cause AS cause_at,
                    row_number() OVER (cause ORDER BY d.occurred_at, d.id) AS in_cause
                FROM (
                    SELECT DISTINCT ON (what.it, d.metadata ->> 'phase', d.metadata ->> 'subtest')
                        d.*, d.recovery_strategy IS NOT DISTINCT FROM 'retry' AS is_retried,
                        count(*) OVER (
                            PARTITION BY what.it, d.metadata ->> 'phase', d.metadata ->> 'subtest'
                        ) AS attempts_failed
                    FROM debug_error_events AS d
                    CROSS JOIN LATERAL (SELECT coalesce(d.task_id::text, d.operation_name, d.id::text) AS it) AS what
                    WHERE d.run_id = %(run_id)s AND d.correlation_id = %(correlation_id)s
                    ORDER BY what.it, d.metadata ->> 'phase', d.metadata ->> 'subtest', d.occurred_at DESC, d.id DESC
                ) AS d
                WINDOW cause AS (PARTITION BY d.is_retried, d.cause_fingerprint)
            ) AS d
        ) AS d
        -- Of a cause the first is shown, and so many others are named.
        WHERE NOT %(by_cause)s OR d.cause_place <= %(limit)s AND d.in_cause <= %(named)s
        ORDER BY place
        LIMIT CASE WHEN NOT %(by_cause)s THEN %(limit)s::bigint END
    )
) AS e
CROSS JOIN LATERAL (SELECT debug_failure_place(e.metadata) AS place) AS at
-- One after the other, so that the first is there before all others are looked at.
LEFT JOIN LATERAL (SELECT t.node_id FROM debug_tasks AS t WHERE t.id = e.task_id LIMIT 1) AS t ON TRUE
LEFT JOIN LATERAL (
    WITH same AS MATERIALIZED (
        SELECT s.id, s.run_id, s.occurred_at
        FROM debug_error_events AS s
        WHERE s.task_id = e.task_id
            AND s.metadata ->> 'fingerprint' IS NOT DISTINCT FROM e.metadata ->> 'fingerprint'
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
            CASE WHEN e.resolved_at IS NULL THEN debug_passes_elsewhere(e.task_id, e.run_id) END AS passes_elsewhere,
            CASE WHEN e.resolved_at IS NULL AND last.at < now() - interval '14 days' THEN last.at END AS not_run_since
        FROM debug_runs AS r
        CROSS JOIN LATERAL (
            -- What is open has not passed there since, so its last attempt failed.
            SELECT max(o.occurred_at) AS at
            FROM debug_error_events AS o
            JOIN debug_runs AS l ON l.id = o.run_id
            WHERE o.task_id = e.task_id AND l.line = r.line
        ) AS last
        WHERE r.id = e.run_id
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
        e.resolved_at IS NULL AND EXISTS (SELECT FROM here) AS is_open,
        (SELECT not_run_since FROM here) AS not_run_since,
        coalesce((SELECT passes_elsewhere FROM here), '[]') AS passes_elsewhere
    FROM same AS s
    HAVING e.task_id IS NOT NULL AND e.is_detailed  -- else nothing of it is looked up
) AS h ON TRUE
LEFT JOIN LATERAL (
    SELECT
        p.passed_at AS last_passed_at, p.passed_run_id AS last_passed_run_id, p.passed_commit AS last_passed_commit,
        p.passed_branch AS last_passed_branch, p.evidence AS changed_since
    FROM debug_last_pass(e.task_id, e.run_id) AS p
    WHERE e.place <= %(details)s
) AS p ON TRUE
ORDER BY e.place;
