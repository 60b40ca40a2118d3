-- Undo 015_debug_weighed_stretches: put back the view as 011_debug_lines has it
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.  The view
-- is put back only where it is there: what somebody has dropped stays dropped.

DO $$
BEGIN
    IF to_regclass(format('%I.debug_runs', current_schema())) IS NULL THEN
        EXECUTE format('DROP VIEW IF EXISTS %I.debug_test_legs', current_schema());
    ELSIF to_regclass(format('%I.debug_test_legs', current_schema())) IS NOT NULL THEN
        EXECUTE $view$
CREATE OR REPLACE VIEW debug_test_legs AS
SELECT
    task_id,
    leg,
    CASE
        WHEN broken > 0.9 THEN 'broken'
        WHEN score > 0.005 THEN 'flaky'
        ELSE 'stable'
    END AS class,
    score,
    broken AS broken_probability,
    attempts,
    failures,
    failures_since_pass,
    last_at
FROM (
    SELECT
        l.*,
        debug_failure_rate_quantile(0.05, l.good_failures, l.attempts - l.failures) AS score,
        -- Odds of broken against flaky, of the failures since it passed there last; one of them alone says little.
        CASE WHEN l.failures_since_pass > 1 THEN
            1 / (1 + exp(least(
                l.failures_since_pass
                * ln((0.15 + l.good_failures) / (10.0 + l.good_failures + l.attempts - l.failures))
                - ln((1.0 + l.broken_versions) / (99.0 + l.versions - l.broken_versions)), 700
            )))
        END AS broken
    FROM (
        SELECT
            task_id,
            leg,
            sum(attempts)::bigint AS attempts,
            sum(failures)::bigint AS failures,
            coalesce(sum(failures) FILTER (WHERE failures < attempts), 0)::bigint AS good_failures,
            sum(failures_since_pass)::bigint AS failures_since_pass,
            count(*) AS versions,
            count(*) FILTER (WHERE failures = attempts) AS broken_versions,
            max(last_at) AS last_at
        FROM (
            SELECT
                task_id, leg, conditions,
                count(*) AS attempts,
                count(*) FILTER (WHERE failed) AS failures,
                count(*) FILTER (WHERE failed AND ended_at > coalesce(passed_at, '-infinity')) AS failures_since_pass,
                max(ended_at) AS last_at
            FROM (
                SELECT
                    a.task_id, r.leg, coalesce(r.conditions, r.id::text) AS conditions, a.failed, a.ended_at,
                    max(a.ended_at) FILTER (WHERE NOT a.failed) OVER (PARTITION BY a.task_id, r.leg) AS passed_at
                FROM debug_test_attempts AS a
                JOIN debug_runs AS r ON r.id = a.run_id
                WHERE NOT a.is_incident
            ) AS attempt
            GROUP BY task_id, leg, conditions
        ) AS version
        GROUP BY task_id, leg
    ) AS l
) AS scored
        $view$;
        EXECUTE $comment$
COMMENT ON VIEW debug_test_legs IS
    'How each test does in each leg: broken since it passed there last, flaky on the same code, or stable'
        $comment$;
    END IF;
    EXECUTE format(
        'DROP FUNCTION IF EXISTS %1$I.debug_weighed_stretches(UUID, BIGINT),'
        ' %1$I.debug_flake_chances(BIGINT[], BIGINT[], DOUBLE PRECISION[], DOUBLE PRECISION)',
        current_schema()
    );
END
$$;
