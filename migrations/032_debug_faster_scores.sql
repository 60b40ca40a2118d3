-- Score tests at less of the server's time
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- ====================================================================================================================
-- The stretches of one test
-- ====================================================================================================================

-- As 022 has it, but for what is said of passes below, and for the kinds of failures: only these are sorted.
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
    WITH failing AS MATERIALIZED (
        SELECT
            e.run_id, e.agent_name, (e.metadata ->> 'attempt')::integer AS attempt, e.occurred_at,
            e.metadata ? 'incident' AS is_incident
        FROM debug_error_events AS e
        WHERE e.task_id = test
        ORDER BY e.occurred_at DESC
        LIMIT most
    ),
    attempts AS MATERIALIZED (
        SELECT
            a.run_id, a.attempt, a.ended_at, a.failed, r.leg, debug_line_of_test(r) AS line,
            coalesce(r.conditions, r.id::text) AS conditions, r.code_version
        FROM (
            (
                SELECT s.run_id, s.retry_count + 1 AS attempt, s.occurred_at AS ended_at, FALSE AS failed
                FROM debug_success_events AS s
                WHERE s.task_id = test
                    -- Mostly so; of the condition alone the planner thinks that it is seldom.
                    AND CASE WHEN s.metadata ->> 'subtest' IS NULL THEN TRUE ELSE FALSE END
                    -- Of all passes or of a few: the failures are held against them at once, or one after the other.
                    AND CASE WHEN most IS NULL THEN
                        ((s.run_id, s.agent_name, s.retry_count + 1) IN (
                            SELECT e.run_id, e.agent_name, e.attempt FROM failing AS e
                            WHERE e.run_id IS NOT NULL AND e.attempt IS NOT NULL
                        )) IS NOT TRUE
                    ELSE NOT EXISTS (
                        SELECT FROM (
                            SELECT e.agent_name, (e.metadata ->> 'attempt')::integer AS attempt
                            FROM debug_error_events AS e
                            WHERE e.task_id = test AND e.run_id = s.run_id
                            OFFSET 0  -- by the index: else each pass is held against each failure
                        ) AS e
                        WHERE e.agent_name = s.agent_name AND e.attempt = s.retry_count + 1
                    ) END
                ORDER BY s.occurred_at DESC
                LIMIT most
            )
            UNION ALL
            (
                SELECT e.run_id, e.attempt, max(e.occurred_at), TRUE
                FROM failing AS e
                GROUP BY e.run_id, e.agent_name, e.attempt
                HAVING NOT bool_or(e.is_incident)
            )
            ORDER BY ended_at DESC
            LIMIT most
        ) AS a
        JOIN debug_runs AS r ON r.id = a.run_id
    ),
    -- The code on which it failed on several lines and passed on none: that is one event, and hardly chance.
    broken_code AS MATERIALIZED (
        SELECT code_version FROM attempts
        WHERE code_version IS NOT NULL
        GROUP BY code_version
        HAVING bool_and(failed) AND min(line) <> max(line)
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
            coalesce(
                bool_or(code_version IN (SELECT b.code_version FROM broken_code AS b)) FILTER (WHERE begins), FALSE
            ) AS is_on_broken_code,
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
    explained AS MATERIALIZED (
        SELECT
            s.*,
            s.attempts - s.retries AS occasions,
            -- Whether the attempt before, and the one after, ran on what is the same for the test.
            s.is_same_before OR d.ratio_before < 0.2 AS same_before,
            s.is_same_after OR d.ratio_after < 0.2 AS same_after,
            d.is_proven,
            -- How likely it is that something broke the test just then, and that something mended it just then.
            CASE WHEN d.is_proven THEN 0 ELSE
                least(
                    0.5,
                    0.01 * CASE WHEN s.failed_before THEN 1 ELSE d.ratio_before END
                    * CASE WHEN s.is_on_broken_code THEN 10 ELSE 1 END
                )
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
    -- Of the failures those that are alike are weighed once.
    kinds AS MATERIALIZED (
        SELECT occasions, retries, broke, times, row_number() OVER (ORDER BY occasions, retries, broke) AS kind
        FROM (
            SELECT occasions, retries, broke, count(*) AS times
            FROM explained WHERE failed
            GROUP BY occasions, retries, broke
        ) AS k
    ),
    chances AS (
        SELECT debug_flake_chances(
            array_agg(k.occasions ORDER BY k.kind), array_agg(k.retries ORDER BY k.kind),
            array_agg(k.broke ORDER BY k.kind), array_agg(k.times ORDER BY k.kind),
            (SELECT coalesce(sum(e.occasions), 0) FROM explained AS e WHERE NOT e.failed)::double precision
        ) AS flakes
        FROM kinds AS k
    )
    SELECT
        s.leg, s.line, s.stretch, s.failed, s.attempts, s.retries, s.first_attempts, s.passed_there, s.failed_before,
        s.failed_after, s.is_same_before, s.is_same_after, s.first_run_id, s.last_run_id, s.first_at, s.last_at,
        s.first_weight, s.weight, s.occasions, s.is_proven, s.same_before, s.same_after, c.flakes[k.kind]
    FROM explained AS s
    CROSS JOIN chances AS c
    LEFT JOIN kinds AS k ON s.failed AND k.occasions = s.occasions AND k.retries = s.retries AND k.broke = s.broke;
END;

-- ====================================================================================================================
-- The scores
-- ====================================================================================================================

-- As 024 has it, but the stretches are kept, and looked at again, where they were sorted three times.
DO $$
DECLARE
    columns TEXT;
BEGIN
    -- With the types that its columns have: 025 gave scores theirs, unless somebody's view was built on this one.
    SELECT string_agg(
        CASE WHEN a.atttypid = 'numeric'::regtype AND a.atttypmod <> -1
            THEN format('CASE WHEN %1$I BETWEEN 0 AND 1 THEN %1$I END::numeric(5,4) AS %1$I', a.attname)
            ELSE quote_ident(a.attname)
        END, ', ' ORDER BY a.attnum
    ) INTO columns
    FROM pg_attribute AS a
    WHERE a.attrelid = 'debug_scored_tests'::regclass AND a.attnum > 0 AND NOT a.attisdropped;
    EXECUTE format($view$
CREATE OR REPLACE VIEW debug_scored_tests AS SELECT %s FROM (
WITH totals AS NOT MATERIALIZED (
    SELECT f.task_id, t.*, round(t.flakes::numeric, 2)::double precision AS counted_flakes
    FROM (SELECT DISTINCT task_id FROM debug_error_events WHERE task_id IS NOT NULL) AS f
    -- One test after the other, by the indexes; else all attempts of all tests would be sorted.
    CROSS JOIN LATERAL (
        WITH stretches AS MATERIALIZED (SELECT * FROM debug_stretches_of(f.task_id, NULL))
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
            max(flaky_since) AS flaky_since,
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
                s.*, l.leg_at, n.newest, n.flaky_since,
                -- The share of the change of the verdict before it that is told on the same.
                CASE
                    WHEN s.failed_before IS NULL OR s.failed_before = s.failed THEN 0
                    WHEN s.failed THEN s.same_before::integer * s.flake
                    ELSE p.same_after::integer * p.flake
                END AS flipped
            FROM stretches AS s
            JOIN (SELECT leg, max(last_at) AS leg_at FROM stretches GROUP BY leg) AS l ON l.leg = s.leg
            LEFT JOIN stretches AS p ON NOT s.failed AND p.failed AND p.line = s.line AND p.stretch = s.stretch - 1
            CROSS JOIN (
                SELECT max(last_at) AS newest, min(first_at) FILTER (WHERE flake > 0.5) AS flaky_since FROM stretches
            ) AS n
        ) AS joined
        HAVING count(*) > 0
    ) AS t
),
scored AS NOT MATERIALIZED (
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
    CROSS JOIN LATERAL (
        SELECT
            debug_failure_rate_quantile(0.05, t.counted_flakes, t.passes) AS low,
            debug_failure_rate_quantile(0.5, t.counted_flakes, t.passes) AS middle,
            debug_failure_rate_quantile(0.95, t.counted_flakes, t.passes) AS high
        OFFSET 0  -- each once, and not wherever it is named
    ) AS q
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
) AS v
    $view$, columns);
END
$$;
