-- Undo 014_debug_flakiness_by_stretches: put back the scores as 009_debug_scored_tests has them
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.  The view
-- is put back only where it is there: what somebody has dropped stays dropped.

CREATE OR REPLACE FUNCTION debug_beta_quantile(
    probability DOUBLE PRECISION, a DOUBLE PRECISION, b DOUBLE PRECISION
) RETURNS DOUBLE PRECISION
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path FROM CURRENT
AS $$
DECLARE
    scale CONSTANT DOUBLE PRECISION := debug_log_gamma(a + b) - debug_log_gamma(a) - debug_log_gamma(b);
    low DOUBLE PRECISION := 0;
    high DOUBLE PRECISION := 1;
    x DOUBLE PRECISION;
    below DOUBLE PRECISION;
    density DOUBLE PRECISION;
    next DOUBLE PRECISION;
BEGIN
    -- A first guess: the mean where the distribution is narrow, else the power law that holds near 0.
    x := CASE WHEN a > 1 AND b > 1 THEN a / (a + b)
        ELSE least(0.5, exp((ln(probability * a) - scale) / a)) END;
    FOR i IN 1..100 LOOP
        -- Near 0 the powers vanish: what is below 1e-300 is 0 for anybody who reads it.
        IF x < 1e-300 THEN
            RETURN 0;
        END IF;
        density := exp(least(scale + (a - 1) * ln(x) + (b - 1) * ln(1 - x), 700));
        below := CASE
            WHEN x < (a + 1) / (a + b + 2) THEN density * x * (1 - x) * debug_beta_fraction(a, b, x) / a
            ELSE 1 - density * x * (1 - x) * debug_beta_fraction(b, a, 1 - x) / b
        END;
        IF below < probability THEN low := x; ELSE high := x; END IF;
        -- Newton's step, or a half where it leaves what is known to hold the answer.
        next := CASE WHEN density > 0 THEN x - (below - probability) / density END;
        IF next IS NULL OR next <= low OR next >= high THEN
            next := CASE WHEN low = 0 THEN high / 10 ELSE (low + high) / 2 END;
        END IF;
        EXIT WHEN abs(next - x) <= 1e-10 * x;
        x := next;
    END LOOP;
    RETURN x;
END
$$;

DO $$
BEGIN
    IF to_regclass(format('%I.debug_scored_tests', current_schema())) IS NOT NULL THEN
        EXECUTE $view$
CREATE OR REPLACE VIEW debug_scored_tests AS
WITH failed_tests AS MATERIALIZED (
    SELECT DISTINCT task_id FROM debug_error_events WHERE task_id IS NOT NULL
),
versions AS MATERIALIZED (
    SELECT
        v.*,
        v.failures < v.attempts AS is_good,
        min(v.first_failed_at) FILTER (WHERE v.failures < v.attempts) OVER (PARTITION BY v.task_id) AS flaky_since,
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
        flaky_since,
        coalesce(sum(attempts - failures) FILTER (WHERE last_at < flaky_since), 0)::bigint AS passes_before,
        -- Of the latest conditions that were tried more than once.
        (array_agg(attempts ORDER BY last_at DESC) FILTER (WHERE attempts >= 2))[1] AS latest_attempts,
        (array_agg(failures ORDER BY last_at DESC) FILTER (WHERE attempts >= 2))[1] AS latest_failures,
        max(last_failed_at) AS last_failed_at,
        max(last_at) AS last_at
    FROM versions
    GROUP BY task_id, flaky_since
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
scored AS (
    SELECT
        t.*, q.low, q.middle, q.high,
        -- Odds of broken against flaky, for the latest version that was tried more than once and never passed, unless
        -- it has passed on another since.
        CASE WHEN t.latest_failures = t.latest_attempts AND t.last_failed_at = t.last_at THEN
            1 / (1 + exp(least(
                t.latest_failures * ln((0.15 + t.good_failures) / (10.0 + t.good_failures + t.passes))
                - ln((1.0 + t.broken_versions) / (99.0 + t.versions - t.broken_versions)), 700
            )))
        END AS broken,
        r.recovery_strategy AS last_strategy, r.confidence_score AS last_confidence, r.correlated_at AS recovered_at,
        d.recovery_strategy AS dominant_strategy,
        -- Since it first failed on good code, that failure left out, for by it the moment was chosen.
        CASE WHEN t.passes_before >= 20 AND t.flaky_since > t.last_at - interval '14 days' THEN
            debug_failure_rate_quantile(0.05, t.good_failures - 1, t.passes - t.passes_before)
        END AS low_since
    FROM totals AS t
    JOIN quantiles AS q USING (good_failures, passes)
    LEFT JOIN LATERAL (
        SELECT c.recovery_strategy, c.confidence_score, c.correlated_at
        FROM debug_error_success_correlation AS c
        WHERE c.task_id = t.task_id
        ORDER BY c.correlated_at DESC, c.id
        LIMIT 1
    ) AS r ON TRUE
    LEFT JOIN LATERAL (
        SELECT c.recovery_strategy
        FROM debug_error_success_correlation AS c
        WHERE c.task_id = t.task_id
        GROUP BY c.recovery_strategy
        ORDER BY count(*) DESC, c.recovery_strategy
        LIMIT 1
    ) AS d ON TRUE
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
    END IF;
    EXECUTE format(
        'DROP VIEW IF EXISTS %1$I.debug_test_stretches;'
        ' DROP FUNCTION IF EXISTS %1$I.debug_line_of_test(%1$I.debug_runs),'
        ' %1$I.debug_flake_likelihood(DOUBLE PRECISION, BIGINT, BIGINT),'
        ' %1$I.debug_change_ratio(TEXT, NUMERIC, JSONB),'
        ' %1$I.debug_code_ratio(JSONB),'
        ' %1$I.debug_failure_rate_quantile(DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION);'
        ' DROP TABLE IF EXISTS %1$I.debug_failure_onsets',
        current_schema()
    );
END
$$;
