-- Tell flaky tests from broken ones where each run has a commit of its own
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  docs/formulas.md explains each formula
-- and says where its numbers come from.

-- ====================================================================================================================
-- What was different when a test began to fail
-- ====================================================================================================================

CREATE TABLE IF NOT EXISTS debug_failure_onsets (
    task_id UUID NOT NULL,
    run_id UUID NOT NULL,
    passed_run_id UUID NOT NULL,
    evidence JSONB NOT NULL,
    PRIMARY KEY (task_id, run_id)
);

CREATE INDEX IF NOT EXISTS idx_debug_failure_onsets_run ON debug_failure_onsets (run_id);

COMMENT ON TABLE debug_failure_onsets IS
    'Where a test began to fail: what was different from the last run before in which it passed.';
COMMENT ON COLUMN debug_failure_onsets.task_id IS 'The test: debug_tasks.id';
COMMENT ON COLUMN debug_failure_onsets.run_id IS 'The run in which it failed, after it had passed: debug_runs.id';
COMMENT ON COLUMN debug_failure_onsets.passed_run_id IS
    'The run in which it passed last, on the same line where there is one: debug_runs.id; it may be pruned';
COMMENT ON COLUMN debug_failure_onsets.evidence IS
    'All that was different, before and after, and what is not known; shaped as that of recoveries';

-- As 008_debug_flakiness has it, but for numbers that are too small to be any.
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
        -- Far from the middle it is less than any number can be.
        density := exp(greatest(least(scale + (a - 1) * ln(x) + (b - 1) * ln(1 - x), 700), -700));
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

-- A quantile for counts of which some are uncertain; that for whole numbers stays for whoever asks with them.
CREATE OR REPLACE FUNCTION debug_failure_rate_quantile(
    probability DOUBLE PRECISION, failures DOUBLE PRECISION, passes DOUBLE PRECISION
) RETURNS DOUBLE PRECISION
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN debug_beta_quantile(probability, 0.15 + failures, 9.85 + passes);

COMMENT ON FUNCTION debug_failure_rate_quantile(DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION) IS
    'A quantile of the posterior of a test''s failure rate on good code, for expected numbers of failures and passes';

-- ====================================================================================================================
-- How likely a stretch of failures is, where the test is flaky and where something broke it
-- ====================================================================================================================

CREATE OR REPLACE FUNCTION debug_code_ratio(code JSONB) RETURNS DOUBLE PRECISION
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN code #>> '{0,reached_from}' = 'module' THEN 0.5
        ELSE CASE least(greatest((code #>> '{0,distance}')::double precision, 0), 9)::integer
            WHEN 0 THEN 12 WHEN 1 THEN 12 WHEN 2 THEN 2.7 WHEN 3 THEN 2.7 WHEN 4 THEN 1.4 ELSE 0.5
        END * CASE code #>> '{0,ran}' WHEN 'lines' THEN 3 ELSE 1 END
    END;

COMMENT ON FUNCTION debug_code_ratio(JSONB) IS
    'How much more often a test reaches a change as near as the first of these where it broke or was mended than where'
    ' it did not';

CREATE OR REPLACE FUNCTION debug_change_ratio(strategy TEXT, confidence NUMERIC, evidence JSONB)
    RETURNS DOUBLE PRECISION
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN evidence ? 'verified' AND strategy NOT IN ('retry', 'rerun', 'order_change', 'unknown') THEN 1000
        WHEN evidence IS NULL THEN CASE
            WHEN strategy IN ('retry', 'rerun', 'order_change') THEN 0.12
            WHEN strategy <> 'unknown' AND confidence > 0.5 THEN 12
            ELSE 1
        END
        ELSE greatest(
            CASE WHEN evidence -> 'missing' ?| ARRAY['code', 'run'] THEN 1 ELSE 0.12 END,
            CASE WHEN evidence -> 'code' -> 0 IS NOT NULL THEN debug_code_ratio(evidence -> 'code') END,
            CASE WHEN coalesce(evidence -> 'situations' ? 'data_change', evidence -> 'data' -> 0 IS NOT NULL)
                THEN CASE WHEN (evidence #>> '{data,0,opened}')::boolean THEN 12 ELSE 2.7 END END,
            CASE WHEN coalesce(evidence -> 'situations' ? 'dependency_change', evidence ? 'distributions') THEN 2.7 END,
            CASE WHEN coalesce(evidence -> 'situations' ? 'option_change', evidence ? 'options') THEN 2.7 END,
            CASE WHEN coalesce(
                evidence -> 'situations' ? 'environment_change', evidence ?| ARRAY['environment', 'interpreter']
            ) THEN 2.7 END,
            CASE WHEN evidence ? 'outside' THEN 2.7 END,
            CASE WHEN evidence ? 'code_not_run' THEN 0.3 END
        )
    END;

COMMENT ON FUNCTION debug_change_ratio(TEXT, NUMERIC, JSONB) IS
    'How much more often what was different between two runs is seen where a test broke or was mended than elsewhere';

-- A flake that failed is a little more likely to fail again: in the next run, and much more in the same one.
CREATE OR REPLACE FUNCTION debug_flake_likelihood(rate DOUBLE PRECISION, failures BIGINT, retries BIGINT)
    RETURNS DOUBLE PRECISION
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN rate
        * (0.95 * exp(greatest((failures - 1) * ln(rate), -300)) + 0.05 * exp(greatest((failures - 1) * ln(0.6), -300)))
        * exp(greatest(retries * ln(0.25 + 0.75 * rate), -300));

COMMENT ON FUNCTION debug_flake_likelihood(DOUBLE PRECISION, BIGINT, BIGINT) IS
    'How likely it is that a test with a failure rate on good code begins to fail, fails as often in a row, and its'
    ' retries too';

-- ====================================================================================================================
-- The scores of each test
-- ====================================================================================================================

CREATE OR REPLACE FUNCTION debug_line_of_test(run debug_runs) RETURNS TEXT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN (run).checkout_id IS NULL
            AND coalesce((run).git_branch, (run).change_id, (run).git_commit, (run).rootdir) IS NULL THEN (run).leg
        ELSE (run).line
    END;

COMMENT ON FUNCTION debug_line_of_test(debug_runs) IS
    'The line that the attempts of a test follow each other on; the leg alone, where a run tells nothing else';

CREATE OR REPLACE VIEW debug_test_stretches AS
WITH attempts AS (
    SELECT
        a.task_id, a.run_id, a.attempt, a.ended_at, a.failed, r.leg, debug_line_of_test(r) AS line,
        coalesce(r.conditions, r.id::text) AS conditions,
        bool_or(NOT a.failed) OVER (PARTITION BY a.task_id, coalesce(r.conditions, r.id::text)) AS passed_there
    FROM debug_test_attempts AS a
    JOIN debug_runs AS r ON r.id = a.run_id
    WHERE NOT a.is_incident
),
placed AS (
    SELECT
        *,
        lag(failed) OVER on_line AS failed_before,
        lead(failed) OVER on_line AS failed_after,
        lag(run_id) OVER on_line = run_id AS is_same_run,
        lag(conditions) OVER on_line = conditions AS is_same_before,
        lead(conditions) OVER on_line = conditions AS is_same_after,
        failed AND lag(passed_there) OVER on_line <> passed_there AS is_other_before,
        failed AND lead(passed_there) OVER on_line <> passed_there AS is_other_after,
        max(ended_at) OVER (PARTITION BY task_id) AS newest
    FROM attempts
    WINDOW on_line AS (PARTITION BY task_id, line ORDER BY ended_at, attempt)
),
numbered AS (
    SELECT
        *,
        failed IS DISTINCT FROM failed_after OR is_other_after AS ends,
        count(*) FILTER (WHERE begins) OVER (PARTITION BY task_id, line ORDER BY ended_at, attempt) AS stretch,
        -- Half as much for every two weeks of age; a quotient of such sums is the same whenever it is asked.
        -- date_part() gives a float; extract() would give a numeric, which is slow to make for each attempt.
        exp(date_part('epoch', ended_at - newest) * ln(2.0::double precision) / 86400 / 14) AS weight
    FROM placed
    CROSS JOIN LATERAL (SELECT failed IS DISTINCT FROM failed_before OR is_other_before AS begins) AS b
)
SELECT
    task_id,
    leg,
    line,
    stretch,
    failed,
    count(*) AS attempts,
    -- A plugin tried it again at once: that was no occasion of its own to fail.
    count(*) FILTER (WHERE failed_before AND is_same_run) AS retries,
    count(*) FILTER (WHERE attempt = 1) AS first_attempts,
    failed AND bool_or(passed_there) AS passed_there,
    bool_or(failed_before) FILTER (WHERE begins) AS failed_before,
    bool_or(failed_after) FILTER (WHERE ends) AS failed_after,
    coalesce(bool_or(is_same_before) FILTER (WHERE begins), FALSE) AS is_same_before,
    coalesce(bool_or(is_same_after) FILTER (WHERE ends), FALSE) AS is_same_after,
    (array_agg(run_id) FILTER (WHERE begins))[1] AS first_run_id,
    (array_agg(run_id) FILTER (WHERE ends))[1] AS last_run_id,
    min(ended_at) AS first_at,
    max(ended_at) AS last_at,
    max(weight) FILTER (WHERE begins) AS first_weight,
    sum(weight) AS weight
FROM numbered
GROUP BY task_id, leg, line, stretch, failed;

COMMENT ON VIEW debug_test_stretches IS
    'The attempts of each test in a row on one line that all passed or all failed; without incidents';

CREATE OR REPLACE VIEW debug_scored_tests AS
WITH RECURSIVE failed_tests AS MATERIALIZED (
    SELECT DISTINCT task_id FROM debug_error_events WHERE task_id IS NOT NULL
),
recoveries AS MATERIALIZED (
    -- Of each test in each run in which it failed the first: what ended the stretch of failures that this run ended.
    SELECT DISTINCT ON (c.task_id, e.run_id)
        c.task_id, e.run_id, c.recovery_strategy, c.confidence_score, c.correlated_at,
        debug_change_ratio(c.recovery_strategy, c.confidence_score, c.evidence) AS ratio
    FROM debug_error_success_correlation AS c
    JOIN debug_error_events AS e ON e.id = c.error_event_id
    WHERE c.task_id IS NOT NULL
    ORDER BY c.task_id, e.run_id, c.correlated_at, c.id
),
stretches AS MATERIALIZED (
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
    FROM failed_tests AS f
    -- OFFSET 0: one test after the other, by the indexes; else all attempts of all tests would be sorted.
    CROSS JOIN LATERAL (SELECT * FROM debug_test_stretches AS s WHERE s.task_id = f.task_id OFFSET 0) AS s
    LEFT JOIN debug_failure_onsets AS o ON s.failed AND o.task_id = s.task_id AND o.run_id = s.first_run_id
    LEFT JOIN recoveries AS r ON s.failed AND r.task_id = s.task_id AND r.run_id = s.last_run_id
    CROSS JOIN LATERAL (
        SELECT
            -- Only what says that options, variables or data were others makes a pass on the same code another matter.
            s.passed_there AND NOT coalesce(
                r.recovery_strategy IN ('option_change', 'environment_change', 'data_change')
                AND r.confidence_score > 0.5, FALSE
            ) AS is_proven,
            debug_change_ratio('unknown', NULL, o.evidence) AS ratio_before,
            coalesce(r.ratio, 1) AS ratio_after
        OFFSET 0
    ) AS d
),
-- Stretches of a test that are alike are weighed once.
failing AS MATERIALIZED (
    SELECT s.task_id, s.occasions, s.retries, s.broke, p.passes, count(*) AS times
    FROM stretches AS s
    JOIN (
        SELECT task_id, coalesce(sum(occasions) FILTER (WHERE NOT failed), 0)::double precision AS passes
        FROM stretches GROUP BY task_id
    ) AS p USING (task_id)
    WHERE s.failed
    GROUP BY s.task_id, s.occasions, s.retries, s.broke, p.passes
),
-- The chance that a stretch was the flake's, and what rate the others of the test give: each from the other, six times.
rounds AS (
    SELECT 1 AS round, f.*, 0.015::double precision AS rate, likelihood / (likelihood + broke) AS flake
    FROM failing AS f
    CROSS JOIN LATERAL debug_flake_likelihood(0.015, f.occasions, f.retries) AS likelihood
    UNION ALL
    SELECT
        round + 1, task_id, occasions, retries, broke, passes, times, r.rate, likelihood / (likelihood + broke)
    FROM (
        SELECT
            round, task_id, occasions, retries, broke, passes, times, (0.15 + others) / (10 + others + passes) AS rate
        FROM (
            SELECT
                *,
                greatest(
                    sum(times * flake * occasions) OVER (PARTITION BY task_id) - flake * occasions, 0
                ) AS others
            FROM rounds
            WHERE round < 6
        ) AS r
    ) AS r
    CROSS JOIN LATERAL debug_flake_likelihood(r.rate, r.occasions, r.retries) AS likelihood
),
weighed AS MATERIALIZED (
    SELECT s.*, w.flake, w.rate
    FROM stretches AS s
    LEFT JOIN rounds AS w
        ON w.round = 6 AND s.failed AND w.task_id = s.task_id AND w.occasions = s.occasions
            AND w.retries = s.retries AND w.broke = s.broke
),
joined AS (
    SELECT
        *,
        -- The share of the change of the verdict before it that is told on the same.
        CASE
            WHEN failed_before IS NULL OR failed_before = failed THEN 0
            WHEN failed THEN same_before::integer * flake
            ELSE lag(same_after::integer * flake, 1, 0::double precision) OVER (
                PARTITION BY task_id, line ORDER BY stretch
            )
        END AS flipped,
        min(first_at) FILTER (WHERE flake > 0.5) OVER (PARTITION BY task_id) AS flaky_since
    FROM weighed
),
totals AS (
    SELECT
        task_id,
        sum(attempts)::bigint AS attempts,
        coalesce(sum(attempts) FILTER (WHERE failed), 0)::bigint AS failures,
        coalesce(sum(flake * occasions), 0) AS flakes,
        coalesce(sum(flake), 0) AS episodes,
        coalesce(bool_or(is_proven), FALSE) AS is_proven,
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
        max(last_at) FILTER (WHERE failed) AS last_failed_at,
        max(last_at) AS last_at
    FROM joined
    GROUP BY task_id, flaky_since
),
-- Of each leg what it came to last: a test may be broken in one, and pass in the others.
legs AS (
    SELECT task_id, leg, max(last_at) AS last_at, max(max(last_at)) OVER (PARTITION BY task_id) AS newest
    FROM weighed GROUP BY task_id, leg
),
broken AS (
    SELECT
        w.task_id,
        max(w.broke / (w.broke + debug_flake_likelihood(w.rate, w.occasions, w.retries))) FILTER (
            WHERE w.failed AND w.attempts >= 2 AND NOT w.is_proven AND w.last_at > l.newest - interval '14 days'
        ) AS broken
    FROM legs AS l
    JOIN weighed AS w USING (task_id, leg, last_at)
    GROUP BY w.task_id
),
counted AS (
    SELECT
        t.*, b.broken,
        -- As exact as anybody reads it: of many tests with the same counts the quantiles are computed once.
        round(t.flakes::numeric, 2)::double precision AS counted_flakes,
        flaked_weight / nullif(flaked_weight + passed_weight, 0) AS share
    FROM totals AS t
    JOIN broken AS b USING (task_id)
),
quantiles AS MATERIALIZED (
    SELECT
        counted_flakes, passes,
        debug_failure_rate_quantile(0.05, counted_flakes, passes) AS low,
        debug_failure_rate_quantile(0.5, counted_flakes, passes) AS middle,
        debug_failure_rate_quantile(0.95, counted_flakes, passes) AS high
    FROM (SELECT DISTINCT counted_flakes, passes FROM counted) AS counts
),
scored AS (
    SELECT
        t.*, q.low, q.middle, q.high,
        r.recovery_strategy AS last_strategy, r.confidence_score AS last_confidence, r.correlated_at AS recovered_at,
        d.recovery_strategy AS dominant_strategy,
        -- Since it first failed on good code, that failure left out, for by it the moment was chosen.
        CASE WHEN t.passes_before >= 20 AND t.flaky_since > t.last_at - interval '14 days' THEN
            debug_failure_rate_quantile(0.05, greatest(t.flakes - 1, 0), t.passes - t.passes_before)
        END AS low_since,
        -- One stretch, however long, may have had a cause that nobody recorded.
        t.is_proven OR t.episodes >= 1.5 AS is_repeated
    FROM counted AS t
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
