-- Undo 005_debug_state_management: drop its views, functions and tables, and its columns of the host's table
--
-- Every name is taken in our schema, never along the search path: public may hold tables of these names that are not
-- ours.  Functions are named with the types of their arguments, for an overload makes the bare name ambiguous.

DO $$
DECLARE
    ours CONSTANT TEXT := quote_ident(current_schema());
    host CONSTANT REGCLASS := to_regclass('agent_transformation_events');
    item TEXT;
BEGIN
    FOREACH item IN ARRAY ARRAY['debug_recovery_patterns', 'debug_workflow_context', 'debug_llm_call_summary'] LOOP
        EXECUTE format('DROP VIEW IF EXISTS %s.%I', ours, item);
    END LOOP;

    -- Columns that the host had before us keep their data and lose only the reference to our tables.
    FOR item IN
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', host, fk.conname)
        FROM pg_constraint AS fk
        JOIN pg_class AS parent ON parent.oid = fk.confrelid
        WHERE fk.conrelid = host AND fk.contype = 'f'
            AND parent.relnamespace = quote_ident(current_schema())::regnamespace
            AND parent.relname IN ('debug_state_snapshots', 'debug_error_events', 'debug_success_events')
    LOOP
        EXECUTE item;
    END LOOP;
    FOR item IN
        SELECT format('ALTER TABLE %s DROP COLUMN %I', host, attname)
        FROM pg_attribute
        WHERE attrelid = host AND NOT attisdropped
            AND attname IN ('state_snapshot_id', 'error_event_id', 'success_event_id')
            AND col_description(attrelid, attnum) LIKE '%Added by pytest-debugloop.'
    LOOP
        EXECUTE item;
    END LOOP;

    -- The tables refer to each other: as one statement they go without CASCADE, which would take what others built.
    EXECUTE format(
        'DROP TABLE IF EXISTS %1$s.debug_workflow_steps, %1$s.debug_error_success_correlation,'
        ' %1$s.debug_success_events, %1$s.debug_error_events, %1$s.debug_state_snapshots', ours
    );

    FOREACH item IN ARRAY ARRAY[
        'capture_state_snapshot(VARCHAR, UUID, VARCHAR, JSONB, TEXT, UUID, INTEGER)',
        'debug_next_step_number(UUID)',
        'debug_check_recovery_workflow()',
        'debug_move_recovery_workflow()',
        'debug_snapshot_id(TEXT, TEXT)',
        'debug_state_variables(JSONB)',
        'debug_state_size(JSONB)',
        'debug_state_hash(JSONB)'
    ] LOOP
        EXECUTE format('DROP FUNCTION IF EXISTS %s.%s', ours, item);
    END LOOP;
END
$$;
