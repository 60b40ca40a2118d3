-- Undo 019_debug_last_passes
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.

DO $$
BEGIN
    EXECUTE format(
        'DROP FUNCTION IF EXISTS %1$I.debug_last_pass(UUID, UUID);'
        ' DROP FUNCTION IF EXISTS %1$I.debug_is_base_branch(%1$I.debug_runs, TEXT)',
        current_schema()
    );
END
$$;
