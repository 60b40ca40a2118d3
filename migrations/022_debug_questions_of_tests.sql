-- Say once what a summary, a comparison and a list ask of a test
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- ====================================================================================================================
-- The stretches of one test
-- ====================================================================================================================

-- As 016 has it, but for failures on several lines, and for attempts that passed and failed: an index finds these.
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
            coalesce(r.conditions, r.id::text) AS conditions, r.code_version
        FROM (
            (
                SELECT s.run_id, s.retry_count + 1 AS attempt, s.occurred_at AS ended_at, FALSE AS failed
                FROM debug_success_events AS s
                WHERE s.task_id = test
                    -- Mostly so; of the condition alone the planner thinks that it is seldom.
                    AND CASE WHEN s.metadata ->> 'subtest' IS NULL THEN TRUE ELSE FALSE END
                    AND NOT EXISTS (
                        SELECT FROM (
                            SELECT e.agent_name, (e.metadata ->> 'attempt')::integer AS attempt
                            FROM debug_error_events AS e
                            WHERE e.task_id = test AND e.run_id = s.run_id
                            OFFSET 0  -- by the index: else each pass is held against each failure
                        ) AS e
                        WHERE e.agent_name = s.agent_name AND e.attempt = s.retry_count + 1
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

-- ====================================================================================================================
-- What is asked of a test that fails
-- ====================================================================================================================

-- Walks from the latest pass on: mostly the first one is it.
CREATE OR REPLACE FUNCTION debug_last_pass_on_line(
    test UUID, failing debug_runs, since TIMESTAMPTZ, until TIMESTAMPTZ, most BIGINT
) RETURNS TABLE (run_id UUID, passed_at TIMESTAMPTZ)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.run_id, s.occurred_at
    FROM (
        SELECT s.run_id, s.agent_name, s.retry_count, s.occurred_at
        FROM debug_success_events AS s
        WHERE s.task_id = test AND s.occurred_at >= coalesce(since, '-infinity') AND s.occurred_at < until
            -- Mostly so; of the condition alone the planner thinks that it is seldom.
            AND CASE WHEN s.metadata ->> 'subtest' IS NULL THEN TRUE ELSE FALSE END
        ORDER BY s.occurred_at DESC
        LIMIT most
    ) AS s
    JOIN debug_runs AS passing ON passing.id = s.run_id
    WHERE debug_is_same_line(failing, passing)
        -- An attempt that failed elsewhere, in its teardown or in a subtest, is no pass.
        AND NOT EXISTS (
            SELECT FROM debug_error_events AS e
            WHERE e.task_id = test AND e.run_id = s.run_id AND e.agent_name = s.agent_name
                AND (e.metadata ->> 'attempt')::integer = s.retry_count + 1
        )
    ORDER BY s.occurred_at DESC
    LIMIT 1;
END;

COMMENT ON FUNCTION debug_last_pass_on_line(UUID, debug_runs, TIMESTAMPTZ, TIMESTAMPTZ, BIGINT) IS
    'The last pass of a test on the line of a failing run, between two moments; of its latest passes, or without a'
    ' number of all';

CREATE OR REPLACE FUNCTION debug_failing_since(test UUID, failing debug_runs, passed_at TIMESTAMPTZ) RETURNS TABLE (
    run_id UUID, failed_at TIMESTAMPTZ, git_branch TEXT, git_commit TEXT, is_commit_clean BOOLEAN
)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        e.run_id, e.occurred_at, r.git_branch::text, r.git_commit::text,
        r.code_version IS NOT NULL AND r.git_dirty IS NULL
    FROM debug_error_events AS e
    JOIN debug_runs AS r ON r.id = e.run_id
    WHERE e.task_id = test AND e.occurred_at > coalesce(passed_at, '-infinity') AND debug_is_same_line(r, failing)
    ORDER BY e.occurred_at
    LIMIT 1;
END;

COMMENT ON FUNCTION debug_failing_since(UUID, debug_runs, TIMESTAMPTZ) IS
    'The first failure of a test on the line of a failing run after its last pass there, and whether the commit is all'
    ' that the code was';

-- As debug_flaky_tests has it, but by the latest attempts: all of them would take as long as all the rest.
CREATE OR REPLACE FUNCTION debug_recent_flakiness(test UUID, most BIGINT) RETURNS TABLE (
    is_flaky BOOLEAN, flakes BIGINT, tries BIGINT
)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        -- Two branches may be red for one reason: what never passed is not flaky.
        coalesce(bool_or(NOT s.failed), FALSE)
        AND coalesce(bool_or(s.is_proven) OR sum(s.flake) >= 1.5, FALSE)
        AND debug_failure_rate_quantile(
            0.05, coalesce(sum(s.flake * s.occasions), 0),
            coalesce(sum(s.occasions) FILTER (WHERE NOT s.failed), 0)::double precision
        ) > 0.003
        -- Broken, by the stretch of failures that it is in.
        AND NOT coalesce((array_agg(
            CASE WHEN s.failed AND s.attempts >= 2 AND NOT s.is_proven THEN s.flake < 0.1 END ORDER BY s.last_at DESC
        ))[1], FALSE),
        round(coalesce(sum(s.flake * s.occasions), 0))::bigint,
        coalesce(sum(s.occasions), 0)::bigint
    FROM debug_stretches_of(test, most) AS s;
END;

COMMENT ON FUNCTION debug_recent_flakiness(UUID, BIGINT) IS
    'Whether a test is flaky by its latest attempts, how many of its failures were flakes, and of how many tries';

-- ====================================================================================================================
-- When a test last passed
-- ====================================================================================================================

-- As 019 has it, with the one rule of what a pass on the line is.
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
            SELECT FROM debug_last_pass_on_line(test, failing, onset.started_at, failing.started_at, NULL) AS p
            WHERE p.run_id NOT IN (onset.run_id, failing.id)
        ));
END;
