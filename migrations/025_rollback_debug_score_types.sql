-- Undo 025_debug_score_types
--
-- Named in our schema, never along the search path: public may hold views of these names that are not ours.

DO $$
DECLARE
    view RECORD;
    item TEXT;
    body TEXT;
    comments TEXT[];
BEGIN
    -- debug_flaky_tests first, which is made of debug_scored_tests, and back in the other order.
    CREATE TEMP TABLE scored_views ON COMMIT DROP AS
    SELECT c.oid AS view_oid, format('%I.%I', current_schema(), c.relname) AS name, c.relname AS view_name,
        pg_get_viewdef(c.oid) AS definition,
        ARRAY(
            SELECT format(
                'COMMENT ON COLUMN %I.%I.%I IS %L', current_schema(), c.relname, a.attname, d.description
            )
            FROM pg_description AS d JOIN pg_attribute AS a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
            WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
        ) || format(
            'COMMENT ON VIEW %I.%I IS %L', current_schema(), c.relname, obj_description(c.oid, 'pg_class')
        ) AS comments,
        (
            SELECT string_agg(
                CASE WHEN list.column_name IS NULL THEN quote_ident(a.attname)
                    WHEN a.attname = 'broken_probability'
                        OR c.relname IN ('debug_llm_call_summary', 'debug_recovery_patterns')
                        THEN format('%1$I::numeric AS %1$I', a.attname)
                    ELSE format('%1$I::double precision AS %1$I', a.attname)
                END, ', ' ORDER BY a.attnum
            )
            FROM pg_attribute AS a
            LEFT JOIN (VALUES
                ('debug_flaky_tests', 'score'), ('debug_flaky_tests', 'flakiness'),
                ('debug_flaky_tests', 'flakiness_low'), ('debug_flaky_tests', 'flakiness_high'),
                ('debug_flaky_tests', 'failure_rate'),
                ('debug_flaky_tests', 'flip_rate'), ('debug_flaky_tests', 'entropy'),
                ('debug_flaky_tests', 'broken_probability'),
                ('debug_scored_tests', 'score'), ('debug_scored_tests', 'flakiness'),
                ('debug_scored_tests', 'flakiness_low'), ('debug_scored_tests', 'flakiness_high'),
                ('debug_scored_tests', 'failure_rate'), ('debug_scored_tests', 'flip_rate'),
                ('debug_scored_tests', 'entropy'), ('debug_scored_tests', 'broken_probability'),
                ('debug_test_legs', 'score'), ('debug_test_legs', 'broken_probability'),
                ('debug_llm_call_summary', 'quality_score'), ('debug_recovery_patterns', 'avg_confidence'),
                ('debug_strategy_recoveries', 'avg_confidence'), ('debug_failure_recoveries', 'avg_confidence'),
                ('debug_failure_recoveries', 'share_by_itself')
            ) AS list (view_name, column_name)
                ON list.view_name = c.relname AND list.column_name = a.attname
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ) AS columns
    FROM pg_class AS c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = 'v'
        AND c.relname IN (
            'debug_flaky_tests', 'debug_scored_tests', 'debug_test_legs', 'debug_llm_call_summary',
            'debug_recovery_patterns', 'debug_strategy_recoveries', 'debug_failure_recoveries'
        )
        AND EXISTS (
            SELECT FROM pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attname IN ('score', 'avg_confidence', 'quality_score') AND a.atttypmod <> -1
        );

    FOR view IN SELECT * FROM scored_views ORDER BY view_name LOOP
        EXECUTE format('DROP VIEW %s', view.name);
    END LOOP;
    FOR view IN SELECT * FROM scored_views ORDER BY view_name DESC LOOP
        EXECUTE format(
            'CREATE VIEW %s AS SELECT %s FROM (%s) AS v', view.name, view.columns, rtrim(view.definition, '; ')
        );
        FOREACH item IN ARRAY view.comments LOOP
            EXECUTE item;
        END LOOP;
    END LOOP;
    DROP TABLE scored_views;
END
$$;
