-- Undo 011_debug_lines: drop its table, functions and columns; recoveries stay linked as they are
--
-- Named in our schema, never along the search path: public may hold tables of these names that are not ours.

DO $$
BEGIN
    IF to_regclass(format('%I.debug_runs', current_schema())) IS NOT NULL THEN
        EXECUTE format(
            'DROP FUNCTION IF EXISTS %1$I.debug_is_same_line(%1$I.debug_runs, %1$I.debug_runs);'
            ' DROP FUNCTION IF EXISTS %1$I.debug_is_same_copy(%1$I.debug_runs, %1$I.debug_runs)',
            current_schema()
        );
    END IF;
    EXECUTE format(
        'DROP VIEW IF EXISTS %1$I.debug_test_legs;'
        ' DROP TABLE IF EXISTS %1$I.debug_commit_parents;'
        ' DROP INDEX IF EXISTS %1$I.idx_debug_error_success_correlation_unexplained;'
        ' ALTER TABLE IF EXISTS %1$I.debug_runs'
        ' DROP COLUMN IF EXISTS line, DROP COLUMN IF EXISTS leg, DROP COLUMN IF EXISTS change_id,'
        ' DROP COLUMN IF EXISTS target_branch;'
        ' DROP INDEX IF EXISTS %1$I.idx_debug_runs_commit;'
        ' DROP FUNCTION IF EXISTS %1$I.debug_passes_elsewhere(UUID, UUID);'
        ' DROP FUNCTION IF EXISTS %1$I.debug_leg(JSONB, JSONB, TEXT, TEXT, TEXT)',
        current_schema()
    );
END
$$;
