-- Undo 011_debug_project_aliases: drop its table and columns; runs keep the name that they have now
--
-- Named in our schema, never along the search path: public may hold tables of these names that are not ours.

DO $$
BEGIN
    EXECUTE format(
        'DROP TABLE IF EXISTS %1$I.debug_project_aliases;'
        ' ALTER TABLE IF EXISTS %1$I.debug_runs'
        ' DROP COLUMN IF EXISTS checkout_id, DROP COLUMN IF EXISTS project_source',
        current_schema()
    );
END
$$;
