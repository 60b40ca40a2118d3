-- Give what a run leaves failed, with what the record knows, a row for each cause: those first that never failed so,
-- then those that begin to fail in it, then those that most is known of. Of each cause one test is looked at, chosen in
-- the same order, and others are named.

WITH failed AS MATERIALIZED (
    -- Of each test what its last attempt failed with first: teardowns fail of calls that failed.
    SELECT DISTINCT ON (coalesce(e.task_id::text, e.operation_name, e.id::text))
        e.id, e.run_id, e.task_id, e.operation_name, e.error_code, e.error_message, e.occurred_at,
        e.metadata ->> 'fingerprint' AS fingerprint, e.metadata -> 'code' AS places,
        coalesce(e.cause_fingerprint, e.id::text) AS cause
    FROM debug_error_events AS e
    WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s
        AND NOT EXISTS (
            SELECT FROM debug_error_success_correlation AS c
            JOIN debug_success_events AS s ON s.id = c.success_event_id
            WHERE c.error_event_id = e.id AND s.run_id = e.run_id
        )
    ORDER BY coalesce(e.task_id::text, e.operation_name, e.id::text),
        (e.metadata ->> 'attempt')::integer DESC NULLS LAST, e.occurred_at, e.id
),
caused AS MATERIALIZED (
    SELECT
        f.*,
        count(*) OVER (PARTITION BY f.cause) AS cause_tests,
        row_number() OVER (
            PARTITION BY f.cause ORDER BY f.failed_ever, f.begins DESC, f.occurred_at, f.id
        ) AS place_in_cause
    FROM (
        SELECT
            f.*,
            EXISTS (SELECT FROM debug_error_events AS e WHERE e.task_id = f.task_id AND e.run_id <> f.run_id)
                AS failed_ever,
            EXISTS (SELECT FROM debug_failure_onsets AS o WHERE o.task_id = f.task_id AND o.run_id = f.run_id) AS begins
        FROM failed AS f
    ) AS f
),
-- A run counts once, however often it tried a test again. Of a test that has failed more often than anyone counts, the
-- latest failures are looked at.
seen AS MATERIALIZED (
    SELECT f.*, earlier.*, recovery.recovered
    FROM (
        SELECT * FROM caused
        WHERE place_in_cause = 1
        ORDER BY failed_ever, begins DESC, occurred_at, id
        LIMIT %(looked_at)s
    ) AS f
    CROSS JOIN LATERAL (
        SELECT
            count(DISTINCT e.run_id) FILTER (
                WHERE e.is_same AND e.occurred_at > f.occurred_at - make_interval(days => %(days)s)
            ) AS times,
            max(e.occurred_at) FILTER (WHERE e.is_same AND e.run_id <> f.run_id) AS last_seen_at,
            count(DISTINCT e.run_id) FILTER (WHERE NOT e.is_same AND e.run_id <> f.run_id) AS times_otherwise,
            count(*) = %(most_failures)s AS is_cut
        FROM (
            SELECT e.run_id, e.occurred_at, e.metadata ->> 'fingerprint' = f.fingerprint AS is_same
            FROM debug_error_events AS e
            WHERE e.task_id = f.task_id AND e.occurred_at <= f.occurred_at
            ORDER BY e.occurred_at DESC
            LIMIT %(most_failures)s
        ) AS e
    ) AS earlier
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM debug_error_success_correlation AS c WHERE c.task_id = f.task_id) AS recovered
    ) AS recovery
),
shown AS MATERIALIZED (
    SELECT * FROM seen
    ORDER BY last_seen_at IS NULL DESC, begins DESC, recovered DESC, times DESC, times_otherwise DESC, task_id IS NULL,
        occurred_at, id
    LIMIT %(most)s
)
SELECT
    coalesce(task.node_id, t.operation_name, '') AS test,
    t.task_id IS NOT NULL AS is_test,
    coalesce(t.error_code, '') AS error,
    left(t.error_message, 2000) AS message,
    coalesce(t.places, '[]') AS places,
    t.cause_tests AS tests,
    ARRAY(
        SELECT coalesce(named.node_id, c.operation_name, '')
        FROM caused AS c
        LEFT JOIN debug_tasks AS named ON named.id = c.task_id
        WHERE c.cause = t.cause AND c.place_in_cause BETWEEN 2 AND %(named)s
        ORDER BY c.place_in_cause
    ) AS others,
    (
        SELECT jsonb_build_array(
            place.value ->> 0, place.value ->> 1, debug_failure_function(e.error_stack_trace, place.value)
        )
        FROM debug_error_events AS e
        CROSS JOIN LATERAL (SELECT debug_failure_place(e.metadata) AS value) AS place
        WHERE e.id = t.id
    ) AS place,
    here.times,
    t.is_cut,
    extract(epoch FROM t.occurred_at - here.last_seen_at)::double precision AS last_seen_seconds,
    here.times_otherwise,
    here.times_elsewhere,
    extract(epoch FROM t.occurred_at - here.seen_elsewhere_at)::double precision AS elsewhere_seconds,
    passed.at IS NOT NULL AS has_passed,
    begun.run_id IS NOT NULL AND begun.run_id <> t.run_id AS failed_before,
    extract(epoch FROM t.occurred_at - begun.occurred_at)::double precision AS failing_seconds,
    begun.git_commit AS failing_commit,
    recovered.strategy,
    recovered.times AS strategy_times,
    recovered.total AS recoveries,
    fixed.file AS fix_file,
    fixed.name AS fix_name,
    coalesce(score.is_flaky, FALSE) AS is_flaky,
    alike.failures AS flaky_failures,
    alike.attempts AS flaky_attempts,
    last_pass.passed_run_id AS passed_run,
    extract(epoch FROM t.occurred_at - last_pass.passed_at)::double precision AS passed_seconds,
    last_pass.passed_branch,
    last_pass.evidence,
    CASE WHEN begun.run_id <> t.run_id THEN begun.run_id ELSE base.run_id END AS red_run,
    CASE WHEN begun.run_id <> t.run_id THEN begun.git_branch ELSE base.git_branch END AS red_branch,
    news.is_new,
    debug_passes_elsewhere(t.task_id, t.run_id) AS passes_elsewhere,
    CASE WHEN before_it.at < t.occurred_at - interval '14 days' THEN
        extract(epoch FROM t.occurred_at - before_it.at)::double precision
    END AS not_run_seconds,
    (SELECT count(*) FROM failed) AS failures
FROM shown AS t
LEFT JOIN debug_tasks AS task ON task.id = t.task_id
LEFT JOIN debug_runs AS failing ON failing.id = t.run_id
-- The same counts by lines.
CROSS JOIN LATERAL (
    SELECT
        count(DISTINCT e.run_id) FILTER (WHERE e.is_same AND e.is_here AND e.is_recent) AS times,
        max(e.occurred_at) FILTER (WHERE e.is_same AND e.is_here AND e.run_id <> t.run_id) AS last_seen_at,
        count(DISTINCT e.run_id) FILTER (WHERE NOT e.is_same AND e.is_here AND e.run_id <> t.run_id) AS times_otherwise,
        count(DISTINCT e.run_id) FILTER (WHERE e.is_same AND NOT e.is_here AND e.is_recent) AS times_elsewhere,
        max(e.occurred_at) FILTER (WHERE e.is_same AND NOT e.is_here) AS seen_elsewhere_at
    FROM (
        SELECT e.run_id, e.occurred_at, e.metadata ->> 'fingerprint' = t.fingerprint AS is_same,
            e.occurred_at > t.occurred_at - make_interval(days => %(days)s) AS is_recent,
            e.run_id = t.run_id OR coalesce(debug_is_same_line(r, failing), FALSE) AS is_here
        FROM (
            SELECT e.run_id, e.occurred_at, e.metadata
            FROM debug_error_events AS e
            WHERE e.task_id = t.task_id AND e.occurred_at <= t.occurred_at
            ORDER BY e.occurred_at DESC
            LIMIT %(most_failures)s
        ) AS e
        LEFT JOIN debug_runs AS r ON r.id = e.run_id
    ) AS e
) AS here
-- On the line of this run, of what was run on any.
LEFT JOIN LATERAL (
    SELECT p.passed_at AS at FROM debug_last_pass_on_line(t.task_id, failing, NULL, t.occurred_at, %(most_runs)s) AS p
) AS passed ON TRUE
LEFT JOIN LATERAL (
    -- Not a commit whose files had been changed: the change may be to blame.
    SELECT
        f.run_id, f.failed_at AS occurred_at, f.git_branch,
        CASE WHEN f.is_commit_clean THEN f.git_commit END AS git_commit
    FROM debug_failing_since(t.task_id, failing, passed.at) AS f
) AS begun ON TRUE
LEFT JOIN LATERAL (
    SELECT e.occurred_at AS at
    FROM debug_error_events AS e
    JOIN debug_runs AS r ON r.id = e.run_id
    WHERE e.task_id = t.task_id AND e.run_id <> t.run_id AND e.occurred_at < t.occurred_at
        AND debug_is_same_line(r, failing) AND e.occurred_at > coalesce(passed.at, '-infinity')
    ORDER BY e.occurred_at DESC
    LIMIT 1
) AS before_it ON TRUE
LEFT JOIN LATERAL (
    SELECT p.* FROM debug_last_pass(t.task_id, t.run_id) AS p
) AS last_pass ON TRUE
-- Where it begins to fail here, and has been failing on the branch that this one is to be merged into.
LEFT JOIN LATERAL (
    SELECT e.run_id, r.git_branch
    FROM (
        SELECT e.run_id, e.occurred_at
        FROM debug_error_events AS e
        WHERE e.task_id = t.task_id AND e.occurred_at < t.occurred_at
        ORDER BY e.occurred_at DESC
        LIMIT %(most_failures)s
    ) AS e
    JOIN debug_runs AS r ON r.id = e.run_id
    WHERE r.leg = failing.leg AND r.change_id IS NULL AND debug_is_base_branch(failing, r.git_branch)
        AND NOT debug_is_same_line(r, failing)
        AND e.occurred_at > coalesce((
            SELECT s.occurred_at
            FROM (
                SELECT s.run_id, s.occurred_at
                FROM debug_success_events AS s
                WHERE s.task_id = t.task_id AND s.occurred_at < t.occurred_at
                ORDER BY s.occurred_at DESC
                LIMIT %(most_runs)s
            ) AS s
            JOIN debug_runs AS passing ON passing.id = s.run_id
            WHERE passing.leg = failing.leg AND passing.change_id IS NULL
                AND debug_is_base_branch(failing, passing.git_branch)
            ORDER BY s.occurred_at DESC
            LIMIT 1
        ), '-infinity')
    ORDER BY e.occurred_at
    LIMIT 1
) AS base ON begun.run_id IS NULL OR begun.run_id = t.run_id
-- The record knows the project, and not this test.
CROSS JOIN LATERAL (
    SELECT
        t.task_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM debug_error_events AS e
            WHERE e.task_id = t.task_id AND e.occurred_at < failing.started_at
        )
        AND NOT EXISTS (
            SELECT FROM debug_success_events AS s
            WHERE s.task_id = t.task_id AND s.occurred_at < failing.started_at
        )
        AND EXISTS (
            SELECT FROM debug_runs AS r WHERE r.project = failing.project AND r.started_at < failing.started_at
        ) AS is_new
) AS news
-- How this failure recovers, or, where it never has, how others of the test do. What one pass recovered counts once.
LEFT JOIN LATERAL (
    SELECT c.strategy, c.times, c.total
    FROM (
        SELECT c.is_same, c.recovery_strategy AS strategy, count(DISTINCT c.success_event_id) AS times,
            sum(count(DISTINCT c.success_event_id)) OVER (PARTITION BY c.is_same)::bigint AS total
        FROM (
            SELECT c.recovery_strategy, c.success_event_id, c.fingerprint IS NOT DISTINCT FROM t.fingerprint AS is_same
            FROM debug_error_success_correlation AS c
            WHERE c.task_id = t.task_id
            ORDER BY c.correlated_at DESC
            LIMIT %(most_failures)s
        ) AS c
        GROUP BY c.is_same, c.recovery_strategy
    ) AS c
    ORDER BY c.is_same DESC, c.times DESC, c.strategy
    LIMIT 1
) AS recovered ON TRUE
LEFT JOIN LATERAL (
    SELECT
        CASE WHEN c.recovery_strategy = 'code_change' THEN c.evidence #>> '{code,0,file}' END AS file,
        CASE WHEN c.recovery_strategy = 'code_change' THEN c.evidence #>> '{code,0,function}'
            ELSE (SELECT name || coalesce(' ' || (c.evidence -> 'distributions' -> name ->> 1), '')
                FROM jsonb_object_keys(c.evidence -> 'distributions') AS name ORDER BY name LIMIT 1)
        END AS name
    FROM debug_error_success_correlation AS c
    WHERE c.task_id = t.task_id
        AND (c.recovery_strategy = 'dependency_change'
            OR c.recovery_strategy = 'code_change' AND c.confidence_score > 0.5)
    ORDER BY c.correlated_at DESC
    LIMIT 1
) AS fixed ON TRUE
LEFT JOIN LATERAL (
    SELECT f.is_flaky
    FROM debug_recent_flakiness(t.task_id, %(most_attempts)s) AS f
    -- Of what has been failing for longer that is said, and nothing else.
    WHERE begun.run_id IS NULL OR begun.run_id = t.run_id
) AS score ON TRUE
-- Of the same attempts those on what it both passed and failed on.
LEFT JOIN LATERAL (
    SELECT sum(a.failures)::bigint AS failures, sum(a.attempts)::bigint AS attempts
    FROM (
        SELECT count(*) FILTER (WHERE a.failed) AS failures, count(*) AS attempts
        FROM (
            SELECT a.run_id, bool_or(a.failed) AS failed
            FROM (
                (
                    SELECT s.run_id, s.agent_name, s.retry_count + 1 AS attempt, FALSE AS failed, s.occurred_at
                    FROM debug_success_events AS s
                    WHERE s.task_id = t.task_id AND s.occurred_at <= t.occurred_at
                    ORDER BY s.occurred_at DESC
                    LIMIT %(most_attempts)s
                )
                UNION ALL
                (
                    SELECT e.run_id, e.agent_name, (e.metadata ->> 'attempt')::integer, TRUE, e.occurred_at
                    FROM debug_error_events AS e
                    WHERE e.task_id = t.task_id AND e.occurred_at <= t.occurred_at
                    ORDER BY e.occurred_at DESC
                    LIMIT %(most_attempts)s
                )
            ) AS a
            GROUP BY a.run_id, a.agent_name, a.attempt
            ORDER BY max(a.occurred_at) DESC
            LIMIT %(most_attempts)s
        ) AS a
        JOIN debug_runs AS r ON r.id = a.run_id
        WHERE score.is_flaky
        GROUP BY coalesce(r.conditions, r.id::text)
        HAVING count(*) FILTER (WHERE a.failed) BETWEEN 1 AND count(*) - 1
    ) AS a
) AS alike ON TRUE
ORDER BY t.last_seen_at IS NULL DESC, t.begins DESC, t.recovered DESC, t.times DESC, t.times_otherwise DESC,
    t.task_id IS NULL, t.occurred_at, t.id;
