-- Undo 008_debug_flakiness: drop its views and functions
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.

DO $$
BEGIN
    EXECUTE format(
        'DROP VIEW IF EXISTS %1$I.debug_fix_causes, %1$I.debug_failure_recoveries, %1$I.debug_strategy_recoveries,'
        ' %1$I.debug_first_recoveries, %1$I.debug_flaky_tests, %1$I.debug_scored_tests, %1$I.debug_test_versions;'
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
