-- Undo 009_debug_scored_tests: put back the view as 008_debug_flakiness has it
--
-- Only where it is there, in our schema: what somebody has dropped stays dropped.

DO $$
BEGIN
    IF to_regclass(format('%I.debug_scored_tests', current_schema())) IS NULL THEN
        RETURN;
    END IF;
    EXECUTE $view$
CREATE OR REPLACE VIEW debug_scored_tests AS
WITH failed_tests AS MATERIALIZED (
    SELECT DISTINCT task_id FROM debug_error_events WHERE task_id IS NOT NULL
),
versions AS MATERIALIZED (
    SELECT
        v.*,
        v.failures < v.attempts AS is_good,
        -- Half as much for every two weeks of age; a quotient of such sums is the same whenever it is asked.
        power(
            2, -extract(epoch FROM max(v.last_at) OVER (PARTITION BY v.task_id) - v.last_at)::double precision
                / 86400 / 14
        ) AS weight,
        v.failures / v.attempts::double precision AS share
    FROM failed_tests AS f
    -- OFFSET 0: one test after the other, by the indexes; else all attempts of all tests would be sorted.
    CROSS JOIN LATERAL (SELECT * FROM debug_test_versions AS v WHERE v.task_id = f.task_id OFFSET 0) AS v
),
totals AS (
    SELECT
        task_id,
        sum(attempts)::bigint AS attempts,
        sum(failures)::bigint AS failures,
        coalesce(sum(failures) FILTER (WHERE is_good), 0)::bigint AS good_failures,
        coalesce(sum(attempts - failures), 0)::bigint AS passes,
        sum(first_failures) / nullif(sum(first_attempts), 0)::double precision AS failure_rate,
        sum(weight * flips) / nullif(sum(weight * (attempts - 1)), 0) AS flip_rate,
        sum(weight * attempts * CASE WHEN share IN (0, 1) THEN 0
            ELSE -share * ln(share) / ln(2.0) - (1 - share) * ln(1 - share) / ln(2.0) END)
            / sum(weight * attempts) AS entropy,
        count(*) AS versions,
        count(*) FILTER (WHERE NOT is_good) AS broken_versions,
        min(first_failed_at) FILTER (WHERE is_good) AS flaky_since,
        max(last_failed_at) AS last_failed_at,
        max(last_at) AS last_at
    FROM versions
    GROUP BY task_id
),
-- Of many tests with the same counts the quantiles are computed once.
quantiles AS MATERIALIZED (
    SELECT
        good_failures, passes,
        debug_failure_rate_quantile(0.05, good_failures, passes) AS low,
        debug_failure_rate_quantile(0.5, good_failures, passes) AS middle,
        debug_failure_rate_quantile(0.95, good_failures, passes) AS high
    FROM (SELECT DISTINCT good_failures, passes FROM totals) AS counts
),
latest AS (
    SELECT DISTINCT ON (task_id) task_id, attempts, failures
    FROM versions WHERE attempts >= 2 ORDER BY task_id, last_at DESC
),
last_recovery AS (
    SELECT DISTINCT ON (c.task_id) c.task_id, c.recovery_strategy, c.confidence_score, c.correlated_at
    FROM debug_error_success_correlation AS c
    WHERE c.task_id IS NOT NULL
    ORDER BY c.task_id, c.correlated_at DESC, c.id
),
dominant AS (
    SELECT DISTINCT ON (task_id) task_id, recovery_strategy, count(*) AS times
    FROM debug_error_success_correlation WHERE task_id IS NOT NULL
    GROUP BY task_id, recovery_strategy
    ORDER BY task_id, count(*) DESC, recovery_strategy
),
scored AS (
    SELECT
        t.*, q.low, q.middle, q.high,
        -- Odds of broken against flaky, for the latest version that was tried more than once and never passed, unless
        -- it has passed on another since.
        CASE WHEN l.failures = l.attempts AND t.last_failed_at = t.last_at THEN
            1 / (1 + exp(least(
                l.failures * ln((0.15 + t.good_failures) / (10.0 + t.good_failures + t.passes))
                - ln((1.0 + t.broken_versions) / (99.0 + t.versions - t.broken_versions)), 700
            )))
        END AS broken,
        r.recovery_strategy AS last_strategy, r.confidence_score AS last_confidence, r.correlated_at AS recovered_at,
        d.recovery_strategy AS dominant_strategy,
        -- Since it first failed on good code, that failure left out, for by it the moment was chosen.
        CASE WHEN before_it.passes >= 20 AND t.flaky_since > t.last_at - interval '14 days' THEN
            debug_failure_rate_quantile(0.05, t.good_failures - 1, t.passes - before_it.passes)
        END AS low_since
    FROM totals AS t
    JOIN quantiles AS q USING (good_failures, passes)
    LEFT JOIN latest AS l USING (task_id)
    LEFT JOIN last_recovery AS r USING (task_id)
    LEFT JOIN dominant AS d USING (task_id)
    LEFT JOIN LATERAL (
        SELECT sum(v.attempts - v.failures)::bigint AS passes
        FROM versions AS v WHERE v.task_id = t.task_id AND v.last_at < t.flaky_since
    ) AS before_it ON TRUE
)
SELECT
    s.task_id,
    k.project,
    k.node_id,
    CASE
        WHEN s.broken > 0.9 THEN 'broken'
        WHEN s.last_strategy = 'code_change' AND s.last_confidence > 0.5 AND s.recovered_at > s.last_failed_at
            AND s.good_failures <= 1 THEN 'fixed'
        WHEN s.low_since > 0.005 THEN 'newly flaky'
        WHEN s.low > 0.005 THEN 'flaky'
        ELSE 'stable'
    END AS class,
    CASE WHEN s.low_since > 0.005 THEN (
        SELECT e.run_id FROM debug_error_events AS e
        WHERE e.task_id = s.task_id AND e.occurred_at >= s.flaky_since ORDER BY e.occurred_at LIMIT 1
    ) END AS flaky_since_run,
    s.low AS score,
    s.middle AS flakiness,
    s.low AS flakiness_low,
    s.high AS flakiness_high,
    s.failure_rate,
    s.flip_rate,
    s.entropy,
    s.broken AS broken_probability,
    s.attempts,
    s.failures,
    s.good_failures,
    s.dominant_strategy,
    s.last_failed_at,
    s.last_at
FROM scored AS s
JOIN debug_tasks AS k ON k.id = s.task_id
    $view$;
END
$$;
