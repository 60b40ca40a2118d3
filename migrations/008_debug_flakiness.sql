-- Add the scores of tests that fail now and then, and what recoveries have in common
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  docs/formulas.md explains each formula
-- and names its source.

-- ====================================================================================================================
-- The beta distribution, of which PostgreSQL has none
-- ====================================================================================================================

-- Lanczos' approximation with g = 7 and nine terms: 15 digits for arguments above 0.
CREATE OR REPLACE FUNCTION debug_log_gamma(x DOUBLE PRECISION) RETURNS DOUBLE PRECISION
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    -- Below one half the approximation is poor; gamma(x) = gamma(x + 1) / x.
    y CONSTANT DOUBLE PRECISION := x;
    t CONSTANT DOUBLE PRECISION := y + 7.5;
BEGIN
    RETURN 0.5 * ln(2 * pi()) + (y + 0.5) * ln(t) - t + ln(
        0.99999999999980993
        + 676.5203681218851 / (y + 1) - 1259.1392167224028 / (y + 2) + 771.32342877765313 / (y + 3)
        - 176.61502916214059 / (y + 4) + 12.507343278686905 / (y + 5) - 0.13857109526572012 / (y + 6)
        + 9.9843695780195716e-6 / (y + 7) + 1.5056327351493116e-7 / (y + 8)
    ) - ln(x);
END
$$;

-- The continued fraction of the incomplete beta function, by Lentz's method (Numerical Recipes, section 6.4).
CREATE OR REPLACE FUNCTION debug_beta_fraction(a DOUBLE PRECISION, b DOUBLE PRECISION, x DOUBLE PRECISION)
    RETURNS DOUBLE PRECISION
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    tiny CONSTANT DOUBLE PRECISION := 1e-300;
    c DOUBLE PRECISION := 1;
    d DOUBLE PRECISION := 1 - (a + b) * x / (a + 1);
    h DOUBLE PRECISION;
    aa DOUBLE PRECISION;
    step DOUBLE PRECISION;
BEGIN
    d := 1 / CASE WHEN abs(d) < tiny THEN tiny ELSE d END;
    h := d;
    FOR m IN 1..500 LOOP
        aa := m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d := 1 + aa * d;
        c := 1 + aa / c;
        d := 1 / CASE WHEN abs(d) < tiny THEN tiny ELSE d END;
        c := CASE WHEN abs(c) < tiny THEN tiny ELSE c END;
        h := h * d * c;
        aa := -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d := 1 + aa * d;
        c := 1 + aa / c;
        d := 1 / CASE WHEN abs(d) < tiny THEN tiny ELSE d END;
        c := CASE WHEN abs(c) < tiny THEN tiny ELSE c END;
        step := d * c;
        h := h * step;
        EXIT WHEN abs(step - 1) < 1e-12;
    END LOOP;
    RETURN h;
END
$$;

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

COMMENT ON FUNCTION debug_log_gamma(DOUBLE PRECISION) IS 'The logarithm of the gamma function, for arguments above 0';
COMMENT ON FUNCTION debug_beta_fraction(DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION) IS
    'The continued fraction of the incomplete beta function';
COMMENT ON FUNCTION debug_beta_quantile(DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION) IS
    'The value below which a beta distribution with the parameters a and b lies with a probability';

-- Before any attempt is seen, the failure rate on good code has a mean of 1.5 %, with the weight of ten attempts.
CREATE OR REPLACE FUNCTION debug_failure_rate_quantile(probability DOUBLE PRECISION, failures BIGINT, passes BIGINT)
    RETURNS DOUBLE PRECISION
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN debug_beta_quantile(probability, 0.15 + failures, 9.85 + passes);

COMMENT ON FUNCTION debug_failure_rate_quantile(DOUBLE PRECISION, BIGINT, BIGINT) IS
    'A quantile of the posterior of a test''s failure rate on good code';

-- ====================================================================================================================
-- The scores of each test
-- ====================================================================================================================

-- One row for each test and all that its attempts were run on alike; for tests that failed, or the caller's choice.
CREATE OR REPLACE VIEW debug_test_versions AS
SELECT
    task_id,
    conditions,
    count(*) AS attempts,
    count(*) FILTER (WHERE failed) AS failures,
    count(*) FILTER (WHERE failed <> before) AS flips,
    count(*) FILTER (WHERE attempt = 1) AS first_attempts,
    count(*) FILTER (WHERE attempt = 1 AND failed) AS first_failures,
    min(ended_at) AS first_at,
    max(ended_at) AS last_at,
    min(ended_at) FILTER (WHERE failed) AS first_failed_at,
    max(ended_at) FILTER (WHERE failed) AS last_failed_at
FROM (
    SELECT
        a.task_id, a.attempt, a.failed, a.ended_at, coalesce(r.conditions, a.run_id::text) AS conditions,
        lag(a.failed) OVER (
            PARTITION BY a.task_id, coalesce(r.conditions, a.run_id::text) ORDER BY a.ended_at
        ) AS before
    FROM debug_test_attempts AS a
    JOIN debug_runs AS r ON r.id = a.run_id
    WHERE NOT a.is_incident
) AS attempt
GROUP BY task_id, conditions;

COMMENT ON VIEW debug_test_versions IS
    'The attempts of each test on the same code, interpreter, platform and distributions, counted; without incidents';

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
JOIN debug_tasks AS k ON k.id = s.task_id;

COMMENT ON VIEW debug_scored_tests IS 'The scores of the tests that have failed, as in debug_flaky_tests';

CREATE OR REPLACE VIEW debug_flaky_tests AS
SELECT * FROM debug_scored_tests
UNION ALL
-- Tests that never failed, for which only passes are counted.
SELECT
    never.task_id, k.project, k.node_id, 'stable', NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, never.attempts, 0, 0,
    NULL, NULL, never.last_at
FROM (
    SELECT s.task_id, count(*) AS attempts, max(s.occurred_at) AS last_at
    FROM debug_success_events AS s
    WHERE s.task_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM debug_error_events AS e WHERE e.task_id = s.task_id)
    GROUP BY s.task_id
) AS never
JOIN debug_tasks AS k ON k.id = never.task_id;

COMMENT ON VIEW debug_flaky_tests IS
    'How much each test fails on code that is good, how sure that is, and whether it is stable, flaky, broken or fixed';

-- ====================================================================================================================
-- What recoveries have in common
-- ====================================================================================================================

-- Whoever adds a recovery need not say again what its error says.
CREATE OR REPLACE FUNCTION debug_fill_recovery() RETURNS TRIGGER
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    SELECT e.error_type, e.error_code, e.metadata ->> 'fingerprint', coalesce(NEW.task_id, e.task_id)
    INTO NEW.error_type, NEW.error_code, NEW.fingerprint, NEW.task_id
    FROM debug_error_events AS e WHERE e.id = NEW.error_event_id;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION debug_fill_recovery() IS 'Takes over from the error what recoveries are counted by';

CREATE OR REPLACE TRIGGER debug_error_success_correlation_filled
    BEFORE INSERT ON debug_error_success_correlation
    FOR EACH ROW WHEN (NEW.error_type IS NULL) EXECUTE FUNCTION debug_fill_recovery();

-- Each error once, by the first success that followed: an error that was linked to several was recovered once.
CREATE OR REPLACE VIEW debug_first_recoveries AS
SELECT DISTINCT ON (c.error_event_id)
    c.error_event_id, c.error_type, c.error_code, c.fingerprint, c.task_id, c.recovery_strategy,
    c.recovery_duration_ms, c.confidence_score, c.correlated_at, c.evidence
FROM debug_error_success_correlation AS c
ORDER BY c.error_event_id, c.recovery_duration_ms NULLS LAST, c.confidence_score DESC, c.id;

COMMENT ON VIEW debug_first_recoveries IS 'Recoveries, each error once';

CREATE OR REPLACE VIEW debug_strategy_recoveries AS
SELECT
    error_type,
    recovery_strategy,
    errors_recovered,
    quantiles[1] AS median_duration_ms,
    quantiles[2] AS p90_duration_ms,
    avg_confidence
FROM (
    SELECT
        error_type,
        recovery_strategy,
        count(*) AS errors_recovered,
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY recovery_duration_ms) AS quantiles,
        avg(confidence_score::double precision) AS avg_confidence
    FROM debug_first_recoveries
    GROUP BY error_type, recovery_strategy
) AS counted;

COMMENT ON VIEW debug_strategy_recoveries IS
    'What made errors of each type recover, each error counted once: how often, how long it took, how sure it is';

CREATE OR REPLACE VIEW debug_failure_recoveries AS
SELECT
    fingerprint,
    error_type,
    error_code,
    errors_recovered,
    quantiles[1] AS median_duration_ms,
    quantiles[2] AS p90_duration_ms,
    avg_confidence,
    (retries + reruns + orders) / errors_recovered::double precision AS share_by_itself,
    CASE greatest(retries, reruns, orders, codes, dependencies, environments, unknown)
        WHEN codes THEN 'code_change'
        WHEN dependencies THEN 'dependency_change'
        WHEN environments THEN 'environment_change'
        WHEN orders THEN 'order_change'
        WHEN retries THEN 'retry'
        WHEN reruns THEN 'rerun'
        ELSE 'unknown'
    END AS dominant_strategy
FROM (
    SELECT
        fingerprint,
        error_type,
        error_code,
        count(*) AS errors_recovered,
        percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY recovery_duration_ms) AS quantiles,
        avg(confidence_score::double precision) AS avg_confidence,
        count(*) FILTER (WHERE recovery_strategy = 'retry') AS retries,
        count(*) FILTER (WHERE recovery_strategy = 'rerun') AS reruns,
        count(*) FILTER (WHERE recovery_strategy = 'order_change') AS orders,
        count(*) FILTER (WHERE recovery_strategy = 'code_change') AS codes,
        count(*) FILTER (WHERE recovery_strategy = 'dependency_change') AS dependencies,
        count(*) FILTER (WHERE recovery_strategy = 'environment_change') AS environments,
        count(*) FILTER (WHERE recovery_strategy = 'unknown') AS unknown
    FROM debug_first_recoveries
    GROUP BY fingerprint, error_type, error_code
) AS counted;

COMMENT ON VIEW debug_failure_recoveries IS
    'How failures of each kind recover, each error counted once: how long it takes, how sure it is, what did it';

CREATE OR REPLACE VIEW debug_fix_causes AS
SELECT 'function' AS kind, code.value ->> 'file' AS file, code.value ->> 'function' AS name,
    count(DISTINCT c.error_event_id) AS errors_recovered, max(c.correlated_at) AS last_at
FROM debug_error_success_correlation AS c
CROSS JOIN LATERAL jsonb_array_elements(c.evidence -> 'code') AS code
WHERE c.recovery_strategy = 'code_change' AND c.confidence_score > 0.5
GROUP BY 2, 3
UNION ALL
SELECT 'distribution', NULL, changed.key, count(DISTINCT c.error_event_id), max(c.correlated_at)
FROM debug_error_success_correlation AS c
CROSS JOIN LATERAL jsonb_each(c.evidence -> 'distributions') AS changed
WHERE c.recovery_strategy = 'dependency_change'
GROUP BY changed.key;

COMMENT ON VIEW debug_fix_causes IS
    'The functions (where it is likely) and distributions whose change errors recovered by, and how often';
