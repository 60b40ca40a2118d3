-- Undo 023_debug_workflow_notes
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.

DO $$
DECLARE
    item RECORD;
BEGIN
    EXECUTE format(
        'DROP INDEX IF EXISTS %1$I.idx_debug_workflow_steps_notes;'
        ' DROP TABLE IF EXISTS %1$I.debug_snapshot_artifacts; DROP TABLE IF EXISTS %1$I.debug_artifacts;'
        ' DROP FUNCTION IF EXISTS %1$I.debug_insert_host_row(REGCLASS, JSONB)',
        current_schema()
    );
    FOR item IN
        SELECT c.oid::regclass AS name, was.attname, was.comment
        FROM (VALUES
            ('debug_workflow_steps', 'step_type', 'What kind of step it is'),
            ('debug_workflow_steps', 'input_data', 'What went in'),
            ('debug_workflow_steps', 'output_data', 'What came out'),
            ('debug_workflow_steps', 'pre_state_snapshot_id', 'The state before'),
            ('debug_state_snapshots', 'user_request', 'What the user had asked for'),
            ('debug_state_snapshots', 'context_depth', 'How deep in the chain of delegation, or of calls'),
            ('debug_state_snapshots', 'transformation_event_id', 'The transformation it was captured at'),
            ('debug_runs', 'metadata', 'What else is known')
        ) AS was (relname, attname, comment)
        JOIN pg_class AS c ON c.relname = was.relname AND c.relkind = 'r'
            AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', item.name, item.attname, item.comment);
    END LOOP;
END
$$;
