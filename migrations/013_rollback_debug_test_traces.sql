-- Undo 013_debug_test_traces: drop its table and its index
--
-- Named in our schema, never along the search path: public may hold tables of these names that are not ours.

DO $$
BEGIN
    EXECUTE format(
        'DROP TABLE IF EXISTS %1$I.debug_test_traces; DROP INDEX IF EXISTS %1$I.idx_debug_error_events_unresolved',
        current_schema()
    );
END
$$;
