-- Undo 016_debug_stretches: put back functions and views as the migrations before have them
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.  What is
-- put back is put back only where it is there: what somebody has dropped stays dropped.

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

DO $block$
DECLARE
    -- What names a table that is gone cannot be put back, or would be of another's.
    is_whole CONSTANT BOOLEAN := (
        SELECT bool_and(to_regclass(format('%I.%I', current_schema(), name)) IS NOT NULL)
        FROM unnest(ARRAY[
            'debug_runs', 'debug_tasks', 'debug_error_events', 'debug_success_events',
            'debug_error_success_correlation', 'debug_failure_onsets'
        ]) AS name
    );
BEGIN
    IF is_whole
        AND to_regprocedure(format('%I.debug_flake_likelihood(double precision, bigint, bigint)', current_schema()))
        IS NOT NULL
    THEN
        EXECUTE $function$
CREATE OR REPLACE FUNCTION debug_flake_likelihood(rate DOUBLE PRECISION, failures BIGINT, retries BIGINT)
    RETURNS DOUBLE PRECISION
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN rate
        * (0.95 * exp(greatest((failures - 1) * ln(rate), -300)) + 0.05 * exp(greatest((failures - 1) * ln(0.6), -300)))
        * exp(greatest(retries * ln(0.25 + 0.75 * rate), -300))
        $function$;
    END IF;
    IF is_whole AND to_regclass(format('%I.debug_test_stretches', current_schema())) IS NOT NULL THEN
        EXECUTE $view$
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
GROUP BY task_id, leg, line, stretch, failed
        $view$;
    END IF;
    IF is_whole AND to_regclass(format('%I.debug_scored_tests', current_schema())) IS NOT NULL THEN
        EXECUTE $view$
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
JOIN debug_tasks AS k ON k.id = s.task_id
        $view$;
    END IF;
    IF is_whole AND to_regclass(format('%I.debug_flaky_tests', current_schema())) IS NOT NULL THEN
        EXECUTE $view$
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
JOIN debug_tasks AS k ON k.id = never.task_id
        $view$;
    END IF;
    IF is_whole
        AND to_regprocedure(format('%I.debug_passes_elsewhere(uuid, uuid)', current_schema())) IS NOT NULL
    THEN
        EXECUTE $function$
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
            (
                SELECT s.run_id, s.occurred_at AS ended_at, FALSE AS failed
                FROM debug_success_events AS s
                WHERE s.task_id = test AND s.metadata ->> 'subtest' IS NULL
                ORDER BY s.occurred_at DESC
                LIMIT 200
            )
            UNION ALL
            (
                SELECT e.run_id, e.occurred_at, TRUE
                FROM debug_error_events AS e
                WHERE e.task_id = test
                ORDER BY e.occurred_at DESC
                LIMIT 200
            )
        ) AS a
        JOIN debug_runs AS passing ON passing.id = a.run_id
        JOIN debug_runs AS failing ON failing.id = failing_run
        WHERE passing.line <> failing.line AND NOT debug_is_same_line(failing, passing)
            AND a.ended_at > failing.started_at - interval '14 days'
        ORDER BY passing.line, a.ended_at DESC, a.failed DESC
    ) AS place
    WHERE NOT place.failed;
$$
        $function$;
    END IF;
    IF is_whole AND to_regprocedure(format('%I.debug_weighed_stretches(uuid, bigint)', current_schema())) IS NOT NULL
    THEN
        EXECUTE $function$
CREATE OR REPLACE FUNCTION debug_flake_chances(
    occasions BIGINT[], retries BIGINT[], broke DOUBLE PRECISION[], passes DOUBLE PRECISION
) RETURNS DOUBLE PRECISION[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path FROM CURRENT
AS $$
DECLARE
    flakes DOUBLE PRECISION[] := ARRAY[]::double precision[];
    all_flakes DOUBLE PRECISION;
    others DOUBLE PRECISION;
    likelihood DOUBLE PRECISION;
BEGIN
    FOR round IN 1..6 LOOP
        all_flakes := (SELECT sum(f * o) FROM unnest(flakes, occasions) AS s (f, o));
        FOR i IN 1..coalesce(cardinality(occasions), 0) LOOP
            others := greatest(all_flakes - flakes[i] * occasions[i], 0);
            likelihood := debug_flake_likelihood(
                CASE WHEN round = 1 THEN 0.015 ELSE (0.15 + others) / (10 + others + passes) END,
                occasions[i], retries[i]
            );
            flakes[i] := likelihood / (likelihood + broke[i]);
        END LOOP;
    END LOOP;
    RETURN flakes;
END
$$
        $function$;
        EXECUTE $comment$
COMMENT ON FUNCTION debug_flake_chances(BIGINT[], BIGINT[], DOUBLE PRECISION[], DOUBLE PRECISION) IS
    'How likely each stretch of failures of a test was a flake''s, and not of what broke the test: in six rounds, each'
    ' from the rate that the others give'
        $comment$;
        EXECUTE $function$
CREATE OR REPLACE FUNCTION debug_weighed_stretches(test UUID, most BIGINT) RETURNS TABLE (
    leg TEXT, line TEXT, failed BOOLEAN, attempts BIGINT, occasions BIGINT, last_at TIMESTAMPTZ, is_proven BOOLEAN,
    flake DOUBLE PRECISION
)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path FROM CURRENT
AS $$
    -- As debug_test_attempts, but of all attempts the latest alone: those of years would take too long.
    WITH latest AS MATERIALIZED (
        (
            SELECT s.run_id, s.retry_count + 1 AS attempt, s.occurred_at AS ended_at, FALSE AS failed
            FROM debug_success_events AS s
            WHERE s.task_id = test AND s.metadata ->> 'subtest' IS NULL
                AND NOT EXISTS (
                    SELECT FROM debug_error_events AS e
                    WHERE e.task_id = s.task_id AND e.run_id = s.run_id AND e.agent_name = s.agent_name
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
    ),
    attempts AS (
        SELECT
            a.*, r.leg, debug_line_of_test(r) AS line,
            bool_or(NOT a.failed) OVER (PARTITION BY coalesce(r.conditions, r.id::text)) AS passed_there
        FROM latest AS a
        JOIN debug_runs AS r ON r.id = a.run_id
    ),
    placed AS (
        SELECT
            *,
            lag(failed) OVER on_line AS failed_before,
            lead(failed) OVER on_line AS failed_after,
            lag(run_id) OVER on_line = run_id AS is_same_run,
            failed AND lag(passed_there) OVER on_line <> passed_there AS is_other_before,
            failed AND lead(passed_there) OVER on_line <> passed_there AS is_other_after
        FROM attempts
        WINDOW on_line AS (PARTITION BY line ORDER BY ended_at, attempt)
    ),
    numbered AS (
        SELECT
            *,
            failed IS DISTINCT FROM failed_after OR is_other_after AS ends,
            count(*) FILTER (WHERE begins) OVER (PARTITION BY line ORDER BY ended_at, attempt) AS stretch
        FROM placed
        CROSS JOIN LATERAL (SELECT failed IS DISTINCT FROM failed_before OR is_other_before AS begins) AS b
    ),
    stretches AS (
        SELECT
            min(leg) AS leg, line, failed, count(*) AS attempts,
            count(*) FILTER (WHERE failed_before AND is_same_run) AS retries,
            failed AND bool_or(passed_there) AS passed_there,
            bool_or(failed_before) FILTER (WHERE begins) AS failed_before,
            bool_or(failed_after) FILTER (WHERE ends) AS failed_after,
            (array_agg(run_id) FILTER (WHERE begins))[1] AS first_run_id,
            (array_agg(run_id) FILTER (WHERE ends))[1] AS last_run_id,
            max(ended_at) AS last_at
        FROM numbered
        GROUP BY line, stretch, failed
    ),
    explained AS MATERIALIZED (
        SELECT
            row_number() OVER (PARTITION BY s.failed) AS place,
            s.leg, s.line, s.failed, s.attempts, s.attempts - s.retries AS occasions, s.retries, s.last_at, d.is_proven,
            CASE WHEN d.is_proven THEN 0 ELSE
                least(0.5, 0.01 * CASE WHEN s.failed_before THEN 1
                    ELSE debug_change_ratio('unknown', NULL, o.evidence) END)
                * CASE WHEN s.failed_after IS NULL THEN 1 ELSE least(0.95, 0.3 * coalesce(r.ratio, 1)) END
            END AS broke
        FROM stretches AS s
        LEFT JOIN debug_failure_onsets AS o ON s.failed AND o.task_id = test AND o.run_id = s.first_run_id
        LEFT JOIN LATERAL (
            SELECT
                c.recovery_strategy, c.confidence_score,
                debug_change_ratio(c.recovery_strategy, c.confidence_score, c.evidence) AS ratio
            FROM debug_error_events AS e
            JOIN debug_error_success_correlation AS c ON c.error_event_id = e.id
            WHERE s.failed AND e.task_id = test AND e.run_id = s.last_run_id
            ORDER BY c.correlated_at, c.id
            LIMIT 1
        ) AS r ON TRUE
        CROSS JOIN LATERAL (
            SELECT s.passed_there AND NOT coalesce(
                r.recovery_strategy IN ('option_change', 'environment_change', 'data_change')
                AND r.confidence_score > 0.5, FALSE
            ) AS is_proven
        ) AS d
    ),
    chances AS (
        SELECT debug_flake_chances(
            array_agg(occasions ORDER BY place) FILTER (WHERE failed),
            array_agg(retries ORDER BY place) FILTER (WHERE failed),
            array_agg(broke ORDER BY place) FILTER (WHERE failed),
            coalesce(sum(occasions) FILTER (WHERE NOT failed), 0)::double precision
        ) AS flakes
        FROM explained
    )
    SELECT
        s.leg, s.line, s.failed, s.attempts, s.occasions, s.last_at, s.is_proven,
        CASE WHEN s.failed THEN c.flakes[s.place] END
    FROM explained AS s CROSS JOIN chances AS c;
$$
        $function$;
    END IF;
    EXECUTE format(
        'DROP FUNCTION IF EXISTS %1$I.debug_stretches_of(UUID, BIGINT),'
        ' %1$I.debug_flake_chances(BIGINT[], BIGINT[], DOUBLE PRECISION[], BIGINT[], DOUBLE PRECISION);'
        ' ALTER TABLE IF EXISTS %1$I.debug_error_success_correlation'
        ' DROP COLUMN IF EXISTS change_ratio;'
        ' ALTER TABLE IF EXISTS %1$I.debug_failure_onsets DROP COLUMN IF EXISTS change_ratio',
        current_schema()
    );
END
$block$;
