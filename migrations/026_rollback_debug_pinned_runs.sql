-- Undo 026_debug_pinned_runs
--
-- Named in our schema, never along the search path: public may hold a table of this name that is not ours.

DO $$
BEGIN
    EXECUTE format('ALTER TABLE IF EXISTS %I.debug_runs DROP COLUMN IF EXISTS pinned_at', current_schema());
END
$$;
