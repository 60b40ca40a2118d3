-- Undo 020_debug_test_results
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.

DO $$
DECLARE
    item RECORD;
BEGIN
    EXECUTE format(
        'DROP VIEW IF EXISTS %1$I.debug_run_summary; DROP VIEW IF EXISTS %1$I.debug_test_results;'
        ' DROP INDEX IF EXISTS %1$I.idx_debug_runs_started',
        current_schema()
    );
    FOR item IN
        SELECT c.oid::regclass AS name, a.attname
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relkind = 'v' AND c.relname IN (
            'debug_failure_causes', 'debug_failure_recoveries', 'debug_first_recoveries',
            'debug_fix_causes', 'debug_flaky_tests', 'debug_llm_call_summary', 'debug_recovery_patterns',
            'debug_scored_tests', 'debug_strategy_recoveries', 'debug_test_attempts', 'debug_test_legs',
            'debug_test_stretches', 'debug_test_versions', 'debug_workflow_context'
        )
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS NULL', item.name, item.attname);
    END LOOP;
    FOR item IN
        SELECT c.oid::regclass AS name, was.comment
        FROM (VALUES
            ('debug_test_attempts',
                'Each time that a test was run to its end: when, where, and whether it failed'),
            ('debug_test_versions',
                'The attempts of each test on the same code, interpreter, platform and distributions, counted;'
                ' without incidents'),
            ('debug_test_stretches',
                'The attempts of each test in a row on one line that all passed or all failed; without incidents'),
            ('debug_scored_tests',
                'The scores of the tests that have failed, as in debug_flaky_tests'),
            ('debug_flaky_tests',
                'How much each test fails on code that is good, how sure that is, and whether it is stable,'
                ' flaky, broken or fixed'),
            ('debug_test_legs',
                'How each test does in each leg: broken by what it came to last there, flaky on good code, or'
                ' stable'),
            ('debug_first_recoveries',
                'Recoveries, each error once'),
            ('debug_recovery_patterns',
                'What made errors of each type recover, each error counted once'),
            ('debug_strategy_recoveries',
                'What made errors of each type recover, each error counted once: how often, how long it took, how'
                ' sure it is'),
            ('debug_failure_recoveries',
                'How failures of each kind recover, each error counted once: how long it takes, how sure it is,'
                ' what did it'),
            ('debug_failure_causes',
                'The failures of each run by their cause: how many, of how many tests, an example whole and the'
                ' others by name')
        ) AS was (name, comment)
        JOIN pg_class AS c ON c.relname = was.name AND c.relkind = 'v'
            AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
    LOOP
        EXECUTE format('COMMENT ON VIEW %s IS %L', item.name, item.comment);
    END LOOP;
END
$$;
