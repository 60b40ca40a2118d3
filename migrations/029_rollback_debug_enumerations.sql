-- Undo 029_debug_enumerations
--
-- Named in our schema, never along the search path: public may hold tables of these names that are not ours.

DO $$
DECLARE
    item RECORD;
BEGIN
    FOR item IN
        SELECT * FROM (VALUES
            ('debug_error_events', 'debug_error_events_error_type_check'),
            ('debug_error_events', 'debug_error_events_recovery_strategy_check'),
            ('debug_success_events', 'debug_success_events_success_type_check'),
            ('debug_success_events', 'debug_success_events_completion_status_check'),
            ('debug_error_success_correlation', 'debug_error_success_correlation_recovery_strategy_check'),
            ('debug_workflow_steps', 'debug_workflow_steps_step_type_check'),
            ('debug_test_traces', 'debug_test_traces_traced_by_check')
        ) AS list (table_name, check_name)
    LOOP
        EXECUTE format(
            'ALTER TABLE IF EXISTS %I.%I DROP CONSTRAINT IF EXISTS %I', current_schema(), item.table_name,
            item.check_name
        );
    END LOOP;
END
$$;
