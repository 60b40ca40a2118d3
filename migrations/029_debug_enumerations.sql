-- Check the values of enumerations, for rows to come
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  NOT VALID: no row is read while the
-- tables are locked, and the next migration reads them without keeping anybody from writing.  Values that a table has
-- already, as whoever wrote to it by the documented schema chose them, stay allowed in it.

DO $$
DECLARE
    item RECORD;
    stored TEXT[];
    statements TEXT[] := '{}';
    statement TEXT;
BEGIN
    FOR item IN
        SELECT *, format('%s_%s_check', table_name, column_name) AS check_name FROM (VALUES
            ('debug_error_events', 'error_type', ARRAY[
                'validation_error', 'execution_error', 'setup_error', 'teardown_error', 'collection_error',
                'timeout', 'worker_crash', 'process_crash', 'internal_error', 'unexpected_pass'
            ]),
            ('debug_error_events', 'recovery_strategy', ARRAY[
                'retry', 'fallback', 'skip', 'abort', 'rerun', 'code_change', 'data_change', 'dependency_change',
                'environment_change', 'option_change', 'order_change', 'unknown'
            ]),
            ('debug_success_events', 'success_type', ARRAY[
                'task_completion', 'validation_pass', 'recovery_success', 'step_completion'
            ]),
            ('debug_success_events', 'completion_status', ARRAY[
                'full', 'partial', 'degraded'
            ]),
            ('debug_error_success_correlation', 'recovery_strategy', ARRAY[
                'retry', 'fallback', 'skip', 'abort', 'rerun', 'code_change', 'data_change', 'dependency_change',
                'environment_change', 'option_change', 'order_change', 'unknown'
            ]),
            ('debug_workflow_steps', 'step_type', ARRAY[
                'initialization', 'routing', 'execution', 'transformation', 'validation', 'collect', 'setup',
                'call', 'teardown', 'subtest', 'fixture', 'step', 'checkpoint', 'llm_call', 'artifact', 'record'
            ]),
            ('debug_test_traces', 'traced_by', ARRAY[
                'monitoring', 'profile', 'coverage', 'none'
            ])
        ) AS list (table_name, column_name, allowed)
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_constraint WHERE conrelid = item.table_name::regclass AND conname = item.check_name
        );
        EXECUTE format(
            'SELECT array_agg(value ORDER BY value) FROM (SELECT DISTINCT %I::text FROM %I) AS v (value)'
            ' WHERE value <> ALL ($1)', item.column_name, item.table_name
        ) INTO stored USING item.allowed;
        statements := statements || format(
            'ALTER TABLE %I ADD CONSTRAINT %I CHECK (%I IN (%s)) NOT VALID',
            item.table_name, item.check_name, item.column_name,
            (SELECT string_agg(quote_literal(value), ', ') FROM unnest(item.allowed || stored) AS value)
        );
    END LOOP;
    -- All tables were read before the first is locked.
    FOREACH statement IN ARRAY statements LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
