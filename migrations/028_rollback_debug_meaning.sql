-- Undo 028_debug_meaning: what it has filled stays
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.

DO $$
DECLARE
    item RECORD;
BEGIN
    EXECUTE format('DROP FUNCTION IF EXISTS %1$I.debug_link_transformation(UUID, UUID)', current_schema());
    FOR item IN
        SELECT c.oid::regclass AS name, was.attname, was.comment
        FROM (VALUES
            ('debug_state_snapshots', 'execution_step',
                'The step_number at which it was captured first'),
            ('debug_state_snapshots', 'task_description',
                'What the agent was trying to do'),
            ('debug_state_snapshots', 'user_request',
                'What the user had asked for, where a program says so with recording(request=...)'),
            ('debug_state_snapshots', 'context_depth',
                'How many steps of debugloop.step it was nested in; NULL for states at failures'),
            ('debug_state_snapshots', 'transformation_event_id',
                'The transformation that it was captured at first: agent_transformation_events.id'),
            ('debug_state_snapshots', 'parent_snapshot_id',
                'The snapshot before it'),
            ('debug_workflow_steps', 'step_description',
                'The step in words'),
            ('debug_workflow_steps', 'pre_state_snapshot_id',
                'The state before it: debug_state_snapshots.id; of a transformation, what was handed over'),
            ('debug_workflow_steps', 'post_state_snapshot_id',
                'The state after'),
            ('debug_workflow_steps', 'input_data',
                'What a step was given: the keywords of debugloop.step; NULL where none were'),
            ('debug_workflow_steps', 'output_data',
                'What a step came to: the values given to its output(), or to debugloop.record; NULL where'
                ' none were'),
            ('debug_success_events', 'validation_passed',
                'Whether it was checked and found right'),
            ('debug_success_events', 'completion_status',
                'full, partial or degraded'),
            ('debug_success_events', 'success_type',
                'task_completion, validation_pass or recovery_success')
        ) AS was (relname, attname, comment)
        JOIN pg_class AS c ON c.relname = was.relname AND c.relkind = 'r'
            AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', item.name, item.attname, item.comment);
    END LOOP;
END
$$;
