-- Tell flaky from broken in each leg, and of a few tests at once, as debug_flaky_tests does
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  docs/formulas.md explains each formula
-- and says where its numbers come from.

-- ====================================================================================================================
-- The stretches of one test
-- ====================================================================================================================

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
$$;

COMMENT ON FUNCTION debug_flake_chances(BIGINT[], BIGINT[], DOUBLE PRECISION[], DOUBLE PRECISION) IS
    'How likely each stretch of failures of a test was a flake''s, and not of what broke the test: in six rounds, each'
    ' from the rate that the others give';

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
$$;

COMMENT ON FUNCTION debug_weighed_stretches(UUID, BIGINT) IS
    'The latest attempts of one test in a row on one line that all passed or all failed, and how likely each of those'
    ' that failed was a flake; without a number, of all its attempts';

-- ====================================================================================================================
-- How a test does in each leg
-- ====================================================================================================================

CREATE OR REPLACE VIEW debug_test_legs AS
SELECT
    task_id,
    leg::varchar(255) AS leg,
    CASE
        WHEN broken > 0.9 THEN 'broken'
        WHEN is_repeated AND score > 0.003 THEN 'flaky'
        ELSE 'stable'
    END AS class,
    score,
    broken::numeric AS broken_probability,
    attempts,
    failures,
    failures_since_pass,
    last_at
FROM (
    SELECT
        t.id AS task_id,
        s.leg,
        debug_failure_rate_quantile(
            0.05, coalesce(sum(s.flake * s.occasions), 0),
            coalesce(sum(s.occasions) FILTER (WHERE NOT s.failed), 0)::double precision
        ) AS score,
        coalesce(bool_or(s.is_proven) OR sum(s.flake) >= 1.5, FALSE) AS is_repeated,
        (array_agg(
            CASE WHEN s.failed AND s.attempts >= 2 AND NOT s.is_proven THEN 1 - s.flake END ORDER BY s.last_at DESC
        ))[1] AS broken,
        sum(s.attempts)::bigint AS attempts,
        coalesce(sum(s.attempts) FILTER (WHERE s.failed), 0)::bigint AS failures,
        (array_agg(CASE WHEN s.failed THEN s.attempts ELSE 0 END ORDER BY s.last_at DESC))[1] AS failures_since_pass,
        max(s.last_at) AS last_at
    FROM debug_tasks AS t
    CROSS JOIN LATERAL debug_weighed_stretches(t.id, NULL) AS s
    GROUP BY t.id, s.leg
) AS scored;

COMMENT ON VIEW debug_test_legs IS
    'How each test does in each leg: broken by what it came to last there, flaky on good code, or stable';
