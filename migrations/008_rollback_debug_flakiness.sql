-- Undo 008_debug_flakiness: drop its views and functions, and give debug_recovery_patterns its columns back
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.

DO $$
BEGIN
    EXECUTE format(
        'DROP VIEW IF EXISTS %1$I.debug_fix_causes, %1$I.debug_failure_recoveries, %1$I.debug_recovery_patterns,'
        ' %1$I.debug_first_recoveries, %1$I.debug_flaky_tests, %1$I.debug_test_versions;'
        ' DROP TRIGGER IF EXISTS debug_error_success_correlation_filled'
        ' ON %1$I.debug_error_success_correlation;'
        ' DROP FUNCTION IF EXISTS %1$I.debug_fill_recovery(),'
        ' %1$I.debug_failure_rate_quantile(DOUBLE PRECISION, BIGINT, BIGINT),'
        ' %1$I.debug_beta_quantile(DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION),'
        ' %1$I.debug_beta_fraction(DOUBLE PRECISION, DOUBLE PRECISION, DOUBLE PRECISION),'
        ' %1$I.debug_log_gamma(DOUBLE PRECISION)',
        current_schema()
    );
END
$$;

CREATE OR REPLACE VIEW debug_recovery_patterns AS
SELECT
    first_recovery.error_type,
    first_recovery.recovery_strategy,
    count(*) AS errors_recovered,
    avg(first_recovery.recovery_duration_ms) AS avg_duration_ms,
    avg(first_recovery.confidence_score) AS avg_confidence
FROM (
    SELECT DISTINCT ON (c.error_event_id)
        e.error_type, c.recovery_strategy, c.recovery_duration_ms, c.confidence_score
    FROM debug_error_success_correlation AS c
    JOIN debug_error_events AS e ON e.id = c.error_event_id
    ORDER BY c.error_event_id, c.recovery_duration_ms NULLS LAST, c.confidence_score DESC, c.id
) AS first_recovery
GROUP BY first_recovery.error_type, first_recovery.recovery_strategy;

COMMENT ON VIEW debug_recovery_patterns IS
    'What made errors of each type recover, each error counted once';
