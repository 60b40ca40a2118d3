-- Undo 022_debug_questions_of_tests: put back what 016_debug_stretches and 019_debug_last_passes have
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.  A
-- function is put back only where it is there: what somebody has dropped stays dropped.

DO $$
BEGIN
    IF to_regprocedure(format('%I.debug_last_pass(uuid, uuid)', current_schema())) IS NOT NULL
        AND to_regclass(format('%I.debug_runs', current_schema())) IS NOT NULL THEN
        EXECUTE $function$
CREATE OR REPLACE FUNCTION debug_last_pass(test UUID, failing_run UUID) RETURNS TABLE (
    onset_run_id UUID, passed_run_id UUID, passed_at TIMESTAMPTZ, passed_commit TEXT, passed_branch TEXT, evidence JSONB
)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        onset.run_id, passing.id, passed.at, passing.git_commit::text,
        CASE WHEN debug_line_of_test(passing) <> debug_line_of_test(failing) THEN passing.git_branch::text END,
        onset.evidence
    FROM debug_runs AS failing
    CROSS JOIN LATERAL (
        SELECT o.run_id, o.passed_run_id, o.evidence, r.started_at
        FROM debug_failure_onsets AS o
        JOIN debug_runs AS r ON r.id = o.run_id
        WHERE o.task_id = test AND r.started_at <= failing.started_at
            AND debug_line_of_test(r) = debug_line_of_test(failing)
        ORDER BY r.started_at DESC
        LIMIT 1
    ) AS onset
    JOIN debug_runs AS passing ON passing.id = onset.passed_run_id
    CROSS JOIN LATERAL (
        SELECT s.occurred_at AS at
        FROM debug_success_events AS s
        WHERE s.task_id = test AND s.run_id = passing.id
            AND s.occurred_at BETWEEN passing.started_at AND failing.started_at
        ORDER BY s.occurred_at DESC
        LIMIT 1
    ) AS passed
    WHERE failing.id = failing_run
        AND (onset.run_id = failing.id OR NOT EXISTS (
            SELECT
            FROM debug_success_events AS s
            JOIN debug_runs AS r ON r.id = s.run_id
            WHERE s.task_id = test AND s.occurred_at BETWEEN onset.started_at AND failing.started_at
                AND s.run_id NOT IN (onset.run_id, failing.id) AND s.metadata ->> 'subtest' IS NULL
                AND debug_line_of_test(r) = debug_line_of_test(failing)
                AND NOT EXISTS (
                    SELECT FROM debug_error_events AS e
                    WHERE e.task_id = s.task_id AND e.run_id = s.run_id AND e.agent_name = s.agent_name
                        AND (e.metadata ->> 'attempt')::integer = s.retry_count + 1
                )
        ));
END;
        $function$;
    END IF;
    IF to_regprocedure(format('%I.debug_stretches_of(uuid, bigint)', current_schema())) IS NOT NULL
        AND to_regclass(format('%I.debug_runs', current_schema())) IS NOT NULL THEN
        EXECUTE $function$
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
        $function$;
    END IF;
    EXECUTE format(
        'DROP FUNCTION IF EXISTS %1$I.debug_recent_flakiness(UUID, BIGINT);'
        ' DROP FUNCTION IF EXISTS %1$I.debug_failing_since(UUID, %1$I.debug_runs, TIMESTAMPTZ);'
        ' DROP FUNCTION IF EXISTS'
        ' %1$I.debug_last_pass_on_line(UUID, %1$I.debug_runs, TIMESTAMPTZ, TIMESTAMPTZ, BIGINT)',
        current_schema()
    );
END
$$;
