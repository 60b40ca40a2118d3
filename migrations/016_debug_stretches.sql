-- Score tests by one function of their stretches, at a fraction of the server's time
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  docs/formulas.md explains each formula
-- and says where its numbers come from.

-- ====================================================================================================================
-- The beta distribution, with fewer steps
-- ====================================================================================================================

-- As 014 has it, but it begins nearer to the answer, and each step trebles the digits (Numerical Recipes, 6.14).
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
    t DOUBLE PRECISION;
    h DOUBLE PRECISION;
    below DOUBLE PRECISION;
    density DOUBLE PRECISION;
    next DOUBLE PRECISION;
BEGIN
    IF a > 1 AND b > 1 THEN
        -- The quantile of a normal distribution, made skew.
        t := sqrt(-2 * ln(least(probability, 1 - probability)));
        t := sign(0.5 - probability)
            * (t - (2.30753 + t * 0.27061) / (1 + t * (0.99229 + t * 0.04481)));
        h := 2 / (1 / (2 * a - 1) + 1 / (2 * b - 1));
        t := t * sqrt((t * t - 3) / 6 + h) / h
            - (1 / (2 * b - 1) - 1 / (2 * a - 1)) * ((t * t - 3) / 6 + 5.0 / 6 - 2 / (3 * h));
        x := a / (a + b * exp(least(2 * t, 700)));
    ELSE
        -- The power law that holds near 0.
        x := least(0.5, exp((ln(probability * a) - scale) / a));
    END IF;
    FOR i IN 1..100 LOOP
        -- Near 0 the powers vanish: what is below 1e-300 is 0 for anybody who reads it.
        IF x < 1e-300 THEN
            RETURN 0;
        END IF;
        -- Far from the middle it is less than any number can be.
        density := exp(greatest(least(scale + (a - 1) * ln(x) + (b - 1) * ln(1 - x), 700), -700));
        below := CASE
            WHEN x < (a + 1) / (a + b + 2) THEN density * x * (1 - x) * debug_beta_fraction(a, b, x) / a
            ELSE 1 - density * x * (1 - x) * debug_beta_fraction(b, a, 1 - x) / b
        END;
        IF below < probability THEN low := x; ELSE high := x; END IF;
        -- Halley's step, or a half where it leaves what is known to hold the answer.
        next := NULL;
        IF density * x > 1e-150 THEN
            t := (below - probability) / density;
            next := x - t / (1 - 0.5 * least(1, greatest(-1, t * ((a - 1) / x - (b - 1) / (1 - x)))));
        END IF;
        -- What is left after a step as small as this is less than anybody reads.
        IF abs(next - x) <= 1e-6 * least(x, 1 - x) THEN
            RETURN least(greatest(next, low), high);
        END IF;
        IF next IS NULL OR next <= low OR next >= high THEN
            next := CASE WHEN low = 0 THEN high / 10 ELSE (low + high) / 2 END;
        END IF;
        x := next;
    END LOOP;
    RETURN x;
END
$$;

-- ====================================================================================================================
-- What a change says of a test, computed when it is stored
-- ====================================================================================================================

-- From evidence of many kilobytes, which would be read again for each question.
ALTER TABLE debug_error_success_correlation ADD COLUMN IF NOT EXISTS change_ratio DOUBLE PRECISION
    GENERATED ALWAYS AS (debug_change_ratio(recovery_strategy, confidence_score, evidence)) STORED;
ALTER TABLE debug_failure_onsets ADD COLUMN IF NOT EXISTS change_ratio DOUBLE PRECISION
    GENERATED ALWAYS AS (debug_change_ratio('unknown', NULL, evidence)) STORED;

COMMENT ON COLUMN debug_error_success_correlation.change_ratio IS
    'How much more often what was different is seen where a test was mended than between any two commits';
COMMENT ON COLUMN debug_failure_onsets.change_ratio IS
    'How much more often what was different is seen where a test broke than between any two commits';

-- ====================================================================================================================
-- The stretches of one test: what scores, classes and legs are made of
-- ====================================================================================================================

-- As 014 has it, but for STRICT, which keeps a function that asks greatest() from being put into what calls it.
CREATE OR REPLACE FUNCTION debug_flake_likelihood(rate DOUBLE PRECISION, failures BIGINT, retries BIGINT)
    RETURNS DOUBLE PRECISION
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN rate
        * (0.95 * exp(greatest((failures - 1) * ln(rate), -300)) + 0.05 * exp(greatest((failures - 1) * ln(0.6), -300)))
        * exp(greatest(retries * ln(0.25 + 0.75 * rate), -300));

CREATE OR REPLACE FUNCTION debug_flake_chances(
    occasions BIGINT[], retries BIGINT[], broke DOUBLE PRECISION[], times BIGINT[], passes DOUBLE PRECISION
) RETURNS DOUBLE PRECISION[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path FROM CURRENT
AS $$
DECLARE
    flakes DOUBLE PRECISION[] := ARRAY[]::double precision[];
    all_flakes DOUBLE PRECISION := 0;
    next_flakes DOUBLE PRECISION;
    rate DOUBLE PRECISION := 0.015;
    likelihood DOUBLE PRECISION;
BEGIN
    FOR round IN 1..6 LOOP
        next_flakes := 0;
        FOR i IN 1..coalesce(cardinality(occasions), 0) LOOP
            IF round > 1 THEN
                rate := (0.15 + greatest(all_flakes - flakes[i] * occasions[i], 0))
                    / (10 + greatest(all_flakes - flakes[i] * occasions[i], 0) + passes);
            END IF;
            likelihood := debug_flake_likelihood(rate, occasions[i], retries[i]);
            flakes[i] := likelihood / (likelihood + broke[i]);
            next_flakes := next_flakes + flakes[i] * occasions[i] * times[i];
        END LOOP;
        EXIT WHEN round > 1 AND abs(next_flakes - all_flakes) < 1e-9;
        all_flakes := next_flakes;
    END LOOP;
    RETURN flakes;
END
$$;

COMMENT ON FUNCTION debug_flake_chances(BIGINT[], BIGINT[], DOUBLE PRECISION[], BIGINT[], DOUBLE PRECISION) IS
    'How likely stretches of failures of a test were a flake''s, and not of what broke the test: in six rounds, each'
    ' from the rate that the others give. Those that are alike are given once, with how often they were';

-- Its body is put into the statement that asks, which the planner then sees as a whole: of a test, or of all.
CREATE OR REPLACE FUNCTION debug_stretches_of(test UUID, most BIGINT) RETURNS TABLE (
    leg VARCHAR, line TEXT, stretch BIGINT, failed BOOLEAN, attempts BIGINT, retries BIGINT, first_attempts BIGINT,
    passed_there BOOLEAN, failed_before BOOLEAN, failed_after BOOLEAN, is_same_before BOOLEAN, is_same_after BOOLEAN,
    first_run_id UUID, last_run_id UUID, first_at TIMESTAMPTZ, last_at TIMESTAMPTZ, first_weight DOUBLE PRECISION,
    weight DOUBLE PRECISION, occasions BIGINT, is_proven BOOLEAN, same_before BOOLEAN, same_after BOOLEAN,
    flake DOUBLE PRECISION
)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- As debug_test_attempts, or of all attempts the latest alone: those of years would take too long.
    WITH attempts AS MATERIALIZED (
        SELECT
            a.run_id, a.attempt, a.ended_at, a.failed, r.leg, debug_line_of_test(r) AS line,
            coalesce(r.conditions, r.id::text) AS conditions
        FROM (
            (
                SELECT s.run_id, s.retry_count + 1 AS attempt, s.occurred_at AS ended_at, FALSE AS failed
                FROM debug_success_events AS s
                WHERE s.task_id = test
                    -- Mostly so; of the condition alone the planner thinks that it is seldom.
                    AND CASE WHEN s.metadata ->> 'subtest' IS NULL THEN TRUE ELSE FALSE END
                    AND NOT EXISTS (
                        SELECT FROM debug_error_events AS e
                        WHERE e.task_id = test AND e.run_id = s.run_id AND e.agent_name = s.agent_name
                            AND (e.metadata ->> 'attempt')::integer = s.retry_count + 1
                    )
                ORDER BY s.occurred_at DESC
                LIMIT most
            )
            UNION ALL
            (
                SELECT e.run_id, e.attempt, max(e.occurred_at), TRUE
                FROM (
                    SELECT
                        e.run_id, e.agent_name, (e.metadata ->> 'attempt')::integer AS attempt, e.occurred_at,
                        e.metadata ? 'incident' AS is_incident
                    FROM debug_error_events AS e
                    WHERE e.task_id = test
                    ORDER BY e.occurred_at DESC
                    LIMIT most
                ) AS e
                GROUP BY e.run_id, e.agent_name, e.attempt
                HAVING NOT bool_or(e.is_incident)
            )
            ORDER BY ended_at DESC
            LIMIT most
        ) AS a
        JOIN debug_runs AS r ON r.id = a.run_id
    ),
    placed AS (
        SELECT
            *,
            lag(state) OVER on_line AS state_before,
            lead(state) OVER on_line AS state_after,
            lag(run_id) OVER on_line AS run_before,
            lag(conditions) OVER on_line AS conditions_before,
            lead(conditions) OVER on_line AS conditions_after
        FROM (
            SELECT
                *,
                -- 0: passed, 1: failed where it passed too, 2: failed. One number: each that is looked at costs time.
                CASE
                    WHEN NOT failed THEN 0
                    WHEN conditions IN (SELECT p.conditions FROM attempts AS p WHERE NOT p.failed) THEN 1
                    ELSE 2
                END AS state,
                -- Half as much for every two weeks of age; a quotient of such sums is the same whenever it is asked.
                -- date_part() gives a float; extract() would give a numeric, which is slow to make for each attempt.
                exp(
                    date_part('epoch', ended_at - (SELECT max(n.ended_at) FROM attempts AS n))
                    * ln(2.0::double precision) / 86400 / 14
                ) AS weight
            FROM attempts
            OFFSET 0  -- each once, and not wherever it is named
        ) AS a
        WINDOW on_line AS (PARTITION BY line ORDER BY ended_at, attempt)
    ),
    stretches AS (
        SELECT
            min(leg) AS leg,
            line,
            stretch,
            max(state) > 0 AS failed,
            count(*) AS attempts,
            -- A plugin tried it again at once: that was no occasion of its own to fail.
            count(*) FILTER (WHERE state_before > 0 AND run_before = run_id) AS retries,
            count(*) FILTER (WHERE attempt = 1) AS first_attempts,
            max(state) = 1 AS passed_there,
            bool_or(state_before > 0) FILTER (WHERE begins) AS failed_before,
            bool_or(state_after > 0) FILTER (WHERE ends) AS failed_after,
            coalesce(bool_or(conditions_before = conditions) FILTER (WHERE begins), FALSE) AS is_same_before,
            coalesce(bool_or(conditions_after = conditions) FILTER (WHERE ends), FALSE) AS is_same_after,
            any_value(run_id) FILTER (WHERE begins) AS first_run_id,
            any_value(run_id) FILTER (WHERE ends) AS last_run_id,
            min(ended_at) AS first_at,
            max(ended_at) AS last_at,
            max(weight) FILTER (WHERE begins) AS first_weight,
            sum(weight) AS weight
        FROM (
            SELECT
                *,
                state_after IS DISTINCT FROM state AS ends,
                state_before IS DISTINCT FROM state AS begins,
                count(*) FILTER (WHERE state_before IS DISTINCT FROM state) OVER (
                    PARTITION BY line ORDER BY ended_at, attempt
                ) AS stretch
            FROM placed
        ) AS numbered
        GROUP BY line, stretch
    ),
    explained AS (
        SELECT
            s.*,
            s.attempts - s.retries AS occasions,
            -- Whether the attempt before, and the one after, ran on what is the same for the test.
            s.is_same_before OR d.ratio_before < 0.2 AS same_before,
            s.is_same_after OR d.ratio_after < 0.2 AS same_after,
            d.is_proven,
            -- How likely it is that something broke the test just then, and that something mended it just then.
            CASE WHEN d.is_proven THEN 0 ELSE
                least(0.5, 0.01 * CASE WHEN s.failed_before THEN 1 ELSE d.ratio_before END)
                * CASE WHEN s.failed_after IS NULL THEN 1 ELSE least(0.95, 0.3 * d.ratio_after) END
            END AS broke
        FROM stretches AS s
        LEFT JOIN debug_failure_onsets AS o ON s.failed AND o.task_id = test AND o.run_id = s.first_run_id
        LEFT JOIN (
            -- Of each run in which it failed the first: what ended the stretch of failures that this run ended.
            SELECT DISTINCT ON (e.run_id) e.run_id, c.recovery_strategy, c.confidence_score, c.change_ratio
            FROM debug_error_success_correlation AS c
            JOIN debug_error_events AS e ON e.id = c.error_event_id
            WHERE c.task_id = test AND c.correlated_at >= (SELECT min(n.ended_at) FROM attempts AS n)
            ORDER BY e.run_id, c.correlated_at, c.id
        ) AS r ON s.failed AND r.run_id = s.last_run_id
        CROSS JOIN LATERAL (
            SELECT
                -- Only what says that options, variables or data were others makes a pass on the same code another
                -- matter.
                s.passed_there AND NOT coalesce(
                    r.recovery_strategy IN ('option_change', 'environment_change', 'data_change')
                    AND r.confidence_score > 0.5, FALSE
                ) AS is_proven,
                coalesce(o.change_ratio, 1) AS ratio_before,
                coalesce(r.change_ratio, 1) AS ratio_after
        ) AS d
    ),
    -- Of the failures those that are alike have one number, and are weighed once.
    alike AS MATERIALIZED (
        SELECT
            *,
            CASE WHEN failed THEN
                dense_rank() OVER (PARTITION BY failed ORDER BY occasions, retries, broke)
            END AS kind,
            sum(occasions) FILTER (WHERE NOT failed) OVER () AS passes
        FROM explained
    ),
    chances AS (
        SELECT debug_flake_chances(
            array_agg(k.occasions ORDER BY k.kind), array_agg(k.retries ORDER BY k.kind),
            array_agg(k.broke ORDER BY k.kind), array_agg(k.times ORDER BY k.kind),
            coalesce(min(k.passes), 0)::double precision
        ) AS flakes
        FROM (
            SELECT kind, occasions, retries, broke, passes, count(*) AS times
            FROM alike WHERE failed
            GROUP BY kind, occasions, retries, broke, passes
        ) AS k
    )
    SELECT
        s.leg, s.line, s.stretch, s.failed, s.attempts, s.retries, s.first_attempts, s.passed_there, s.failed_before,
        s.failed_after, s.is_same_before, s.is_same_after, s.first_run_id, s.last_run_id, s.first_at, s.last_at,
        s.first_weight, s.weight, s.occasions, s.is_proven, s.same_before, s.same_after, c.flakes[s.kind]
    FROM alike AS s
    CROSS JOIN chances AS c;
END;

COMMENT ON FUNCTION debug_stretches_of(UUID, BIGINT) IS
    'The attempts of one test in a row on one line that all passed or all failed, and how likely each of those that'
    ' failed was a flake; of its latest attempts, or without a number of all';

CREATE OR REPLACE FUNCTION debug_weighed_stretches(test UUID, most BIGINT) RETURNS TABLE (
    leg TEXT, line TEXT, failed BOOLEAN, attempts BIGINT, occasions BIGINT, last_at TIMESTAMPTZ, is_proven BOOLEAN,
    flake DOUBLE PRECISION
)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.leg::text, s.line, s.failed, s.attempts, s.occasions, s.last_at, s.is_proven, s.flake
    FROM debug_stretches_of(test, most) AS s;
END;

COMMENT ON FUNCTION debug_weighed_stretches(UUID, BIGINT) IS
    'The latest attempts of one test in a row on one line that all passed or all failed, and how likely each of those'
    ' that failed was a flake; without a number, of all its attempts';

DROP FUNCTION IF EXISTS debug_flake_chances(BIGINT[], BIGINT[], DOUBLE PRECISION[], DOUBLE PRECISION);

CREATE OR REPLACE VIEW debug_test_stretches AS
SELECT
    t.id AS task_id, s.leg::varchar(255) AS leg, s.line, s.stretch, s.failed, s.attempts, s.retries, s.first_attempts,
    s.passed_there, s.failed_before, s.failed_after, s.is_same_before, s.is_same_after, s.first_run_id, s.last_run_id,
    s.first_at, s.last_at, s.first_weight, s.weight
FROM debug_tasks AS t
CROSS JOIN LATERAL debug_stretches_of(t.id, NULL) AS s;

COMMENT ON VIEW debug_test_stretches IS
    'The attempts of each test in a row on one line that all passed or all failed; without incidents';

-- ====================================================================================================================
-- The scores of each test
-- ====================================================================================================================

CREATE OR REPLACE VIEW debug_scored_tests AS
WITH failed_tests AS MATERIALIZED (
    SELECT DISTINCT task_id FROM debug_error_events WHERE task_id IS NOT NULL
),
totals AS MATERIALIZED (
    SELECT
        f.task_id, t.*,
        -- As exact as anybody reads it: of many tests with the same counts the quantiles are computed once.
        round(t.flakes::numeric, 2)::double precision AS counted_flakes
    FROM failed_tests AS f
    -- One test after the other, by the indexes; else all attempts of all tests would be sorted.
    CROSS JOIN LATERAL (
        SELECT
            sum(attempts)::bigint AS attempts,
            coalesce(sum(attempts) FILTER (WHERE failed), 0)::bigint AS failures,
            coalesce(sum(flake * occasions), 0) AS flakes,
            -- One stretch, however long, may have had a cause that nobody recorded.
            coalesce(bool_or(is_proven) OR sum(flake) >= 1.5, FALSE) AS is_repeated,
            coalesce(sum(occasions) FILTER (WHERE NOT failed), 0)::double precision AS passes,
            coalesce(sum(first_attempts) FILTER (WHERE failed), 0) / nullif(sum(first_attempts), 0)::double precision
                AS failure_rate,
            sum(first_weight * flipped)
                / nullif(sum(first_weight * flipped + (weight - first_weight) * coalesce(flake, 1)), 0) AS flip_rate,
            coalesce(sum(weight * flake) FILTER (WHERE is_proven OR same_before OR same_after), 0) AS flaked_weight,
            coalesce(sum(weight) FILTER (WHERE NOT failed), 0) AS passed_weight,
            flaky_since,
            coalesce(sum(occasions) FILTER (WHERE NOT failed AND last_at < flaky_since), 0)::double precision
                AS passes_before,
            -- Of each leg what it came to last: a test may be broken in one, and pass in the others.
            max(1 - flake) FILTER (
                WHERE attempts >= 2 AND NOT is_proven AND last_at = leg_at AND leg_at > newest - interval '14 days'
            ) AS broken,
            max(last_at) FILTER (WHERE failed) AS last_failed_at,
            max(last_at) AS last_at
        FROM (
            SELECT
                s.*,
                -- The share of the change of the verdict before it that is told on the same.
                CASE
                    WHEN s.failed_before IS NULL OR s.failed_before = s.failed THEN 0
                    WHEN s.failed THEN s.same_before::integer * s.flake
                    ELSE lag(s.same_after::integer * s.flake, 1, 0::double precision) OVER (
                        PARTITION BY s.line ORDER BY s.stretch
                    )
                END AS flipped,
                max(s.last_at) OVER (PARTITION BY s.leg) AS leg_at,
                max(s.last_at) OVER () AS newest,
                min(s.first_at) FILTER (WHERE s.flake > 0.5) OVER () AS flaky_since
            FROM debug_stretches_of(f.task_id, NULL) AS s
        ) AS joined
        GROUP BY flaky_since
    ) AS t
),
quantiles AS MATERIALIZED (
    SELECT
        counted_flakes, passes,
        debug_failure_rate_quantile(0.05, counted_flakes, passes) AS low,
        debug_failure_rate_quantile(0.5, counted_flakes, passes) AS middle,
        debug_failure_rate_quantile(0.95, counted_flakes, passes) AS high
    FROM (SELECT DISTINCT counted_flakes, passes FROM totals) AS counts
),
scored AS (
    SELECT
        t.*, q.low, q.middle, q.high,
        t.flaked_weight / nullif(t.flaked_weight + t.passed_weight, 0) AS share,
        r.recovery_strategy AS last_strategy, r.confidence_score AS last_confidence, r.correlated_at AS recovered_at,
        d.recovery_strategy AS dominant_strategy,
        -- Since it first failed on good code, that failure left out, for by it the moment was chosen.
        CASE WHEN t.passes_before >= 20 AND t.flaky_since > t.last_at - interval '14 days' THEN
            debug_failure_rate_quantile(0.05, greatest(t.flakes - 1, 0), t.passes - t.passes_before)
        END AS low_since
    FROM totals AS t
    JOIN quantiles AS q USING (counted_flakes, passes)
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
        WHEN s.last_strategy IN ('code_change', 'data_change') AND s.last_confidence > 0.5
            AND s.recovered_at > s.last_failed_at AND s.flakes <= 1.5 THEN 'fixed'
        WHEN s.is_repeated AND s.low_since > 0.003 THEN 'newly flaky'
        WHEN s.is_repeated AND s.low > 0.003 THEN 'flaky'
        ELSE 'stable'
    END AS class,
    CASE WHEN s.is_repeated AND s.low_since > 0.003 THEN (
        SELECT e.run_id FROM debug_error_events AS e
        WHERE e.task_id = s.task_id AND e.occurred_at >= s.flaky_since ORDER BY e.occurred_at LIMIT 1
    ) END AS flaky_since_run,
    s.low AS score,
    s.middle AS flakiness,
    s.low AS flakiness_low,
    s.high AS flakiness_high,
    s.failure_rate,
    s.flip_rate,
    CASE WHEN s.share > 0 AND s.share < 1 THEN
        -s.share * ln(s.share) / ln(2.0) - (1 - s.share) * ln(1 - s.share) / ln(2.0) ELSE 0 END AS entropy,
    s.broken::numeric AS broken_probability,
    s.attempts,
    s.failures,
    round(s.flakes)::bigint AS good_failures,
    s.dominant_strategy,
    s.last_failed_at,
    s.last_at
FROM scored AS s
JOIN debug_tasks AS k ON k.id = s.task_id;

CREATE OR REPLACE VIEW debug_flaky_tests AS
SELECT * FROM debug_scored_tests
UNION ALL
-- Tests that never failed, for which only passes are counted: each by its index.
SELECT
    k.id, k.project, k.node_id, 'stable', NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, never.attempts, 0, 0,
    NULL, NULL, never.last_at
FROM debug_tasks AS k
CROSS JOIN LATERAL (
    SELECT count(*) AS attempts, max(s.occurred_at) AS last_at FROM debug_success_events AS s WHERE s.task_id = k.id
) AS never
WHERE never.attempts > 0
    AND NOT EXISTS (SELECT FROM debug_error_events AS e WHERE e.task_id = k.id);

-- ====================================================================================================================
-- Passes on other lines, without the whole history
-- ====================================================================================================================

-- As 011 has it, but the time is asked of the index, and not of all that the test ever did.
CREATE OR REPLACE FUNCTION debug_passes_elsewhere(test UUID, failing_run UUID) RETURNS JSONB
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path FROM CURRENT
AS $$
    SELECT coalesce(jsonb_agg(
        jsonb_build_object(
            'branch', place.git_branch, 'change', place.change_id, 'leg', place.leg, 'same_branch', place.same_branch,
            'same_leg', place.same_leg
        ) ORDER BY place.same_leg DESC, place.same_branch DESC, place.ended_at DESC, place.line
    ), '[]')
    FROM (
        SELECT DISTINCT ON (passing.line)
            passing.line, passing.git_branch, passing.change_id, passing.leg, a.failed, a.ended_at,
            passing.git_branch IS NOT DISTINCT FROM failing.git_branch
                AND passing.change_id IS NOT DISTINCT FROM failing.change_id AS same_branch,
            passing.leg = failing.leg AS same_leg
        FROM (
            SELECT r.id FROM debug_runs AS r
            WHERE r.id = failing_run
                -- Most projects have one line; no run takes a week.
                AND EXISTS (
                    SELECT FROM debug_runs AS o
                    WHERE o.project = r.project AND o.started_at > r.started_at - interval '21 days'
                        AND o.line <> r.line
                )
            OFFSET 0
        ) AS f
        JOIN debug_runs AS failing ON failing.id = f.id
        CROSS JOIN LATERAL (
            (
                SELECT s.run_id, s.occurred_at AS ended_at, FALSE AS failed
                FROM debug_success_events AS s
                WHERE s.task_id = test AND s.occurred_at > failing.started_at - interval '14 days'
                    -- Mostly so; of the condition alone the planner thinks that it is seldom, and sorts them all.
                    AND CASE WHEN s.metadata ->> 'subtest' IS NULL THEN TRUE ELSE FALSE END
                ORDER BY s.occurred_at DESC
                LIMIT 200
            )
            UNION ALL
            (
                SELECT e.run_id, e.occurred_at, TRUE
                FROM debug_error_events AS e
                WHERE e.task_id = test AND e.occurred_at > failing.started_at - interval '14 days'
                ORDER BY e.occurred_at DESC
                LIMIT 200
            )
        ) AS a
        JOIN debug_runs AS passing ON passing.id = a.run_id
        WHERE passing.line <> failing.line AND NOT debug_is_same_line(failing, passing)
        ORDER BY passing.line, a.ended_at DESC, a.failed DESC
    ) AS place
    WHERE NOT place.failed;
$$;
