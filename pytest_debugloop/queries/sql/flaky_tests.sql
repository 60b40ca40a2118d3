-- Rank the tests that fail on good code, or are broken or fixed, the surest first.

SELECT
    task_id, project, node_id, class AS class_, flaky_since_run, score::double precision, flakiness::double precision,
    flakiness_low::double precision, flakiness_high::double precision, failure_rate::double precision,
    flip_rate::double precision, entropy::double precision, broken_probability::double precision, attempts, failures,
    dominant_strategy, last_failed_at, last_at
FROM debug_scored_tests AS t
WHERE failures > 0 AND (%(project)s::text IS NULL OR project = %(project)s)
    AND (NOT %(only_flaky)s OR class IN ('flaky', 'newly flaky'))
    AND (%(task_ids)s::uuid[] IS NULL OR task_id = ANY (%(task_ids)s))
    -- The scores are of all attempts; a test is listed where one that failed was there. As an array, by which only these
    -- tests are scored; where not all are looked at, those that recovered most often without a change.
    AND (
        NOT %(of_runs)s
        OR task_id = ANY (ARRAY(
            SELECT e.task_id
            FROM debug_error_events AS e
            JOIN debug_runs AS r ON r.id = e.run_id
            WHERE e.task_id IS NOT NULL
                AND (%(project)s::text IS NULL OR r.project = %(project)s)
                AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
                AND (%(change)s::text IS NULL OR r.change_id = %(change)s)
                AND (%(job)s::text IS NULL OR r.ci ->> 'cicd.pipeline.task.name' = %(job)s)
                AND (%(leg)s::text IS NULL OR r.leg = %(leg)s OR %(leg)s = ANY (string_to_array(r.leg, ', ')))
                AND (%(session_ids)s::uuid[] IS NULL OR r.session_id = ANY (%(session_ids)s))
                AND (%(since)s::timestamptz IS NULL OR e.occurred_at >= %(since)s)
                AND (%(until)s::timestamptz IS NULL OR e.occurred_at < %(until)s)
            GROUP BY e.task_id
            ORDER BY count(*) FILTER (WHERE e.recovery_strategy IN ('retry', 'rerun')) DESC,
                count(DISTINCT e.run_id) DESC, e.task_id
            LIMIT %(looked_at)s OFFSET %(skipped)s
        ))
    )
ORDER BY score DESC, node_id
LIMIT %(limit)s;
