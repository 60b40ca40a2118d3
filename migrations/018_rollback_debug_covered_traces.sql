-- Undo 018_debug_covered_traces: the comment says what it did
--
-- Named in our schema, never along the search path: public may hold tables of these names that are not ours.

DO $$
BEGIN
    IF to_regclass(format('%I.debug_test_traces', current_schema())) IS NOT NULL THEN
        EXECUTE format(
            'COMMENT ON COLUMN %1$I.debug_test_traces.traced_by IS'
            ' ''monitoring (sys.monitoring), profile (a profile function: no lines),'
            ' or none where nothing could be watched''',
            current_schema()
        );
    END IF;
END
$$;
