-- Undo 027_debug_fixtures_and_edges
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.

DO $$
DECLARE
    item RECORD;
BEGIN
    EXECUTE format(
        'DROP TABLE IF EXISTS %1$I.debug_metadata_stamps; DROP TABLE IF EXISTS %1$I.debug_graph_edges;'
        ' DROP TABLE IF EXISTS %1$I.debug_transform_functions',
        current_schema()
    );
    FOR item IN
        SELECT c.oid::regclass AS name, was.attname, was.comment
        FROM (VALUES
            ('debug_runs', 'metadata',
                'What a program records of itself outside of any step, and problems of the recording; NULL where'
                ' there is nothing'),
            ('debug_runs', 'steps_total', 'How many steps it has'),
            ('debug_workflow_steps', 'step_type',
                'collect, setup, call, teardown or subtest by pytest; step, checkpoint, transformation, llm_call,'
                ' artifact or record by the fixture debugloop; execution for a step of a program')
        ) AS was (relname, attname, comment)
        JOIN pg_class AS c ON c.relname = was.relname AND c.relkind = 'r'
            AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', item.name, item.attname, item.comment);
    END LOOP;
END
$$;
