-- Undo 017_debug_failure_causes
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.

DO $$
BEGIN
    EXECUTE format(
        'DROP VIEW IF EXISTS %1$I.debug_failure_causes;'
        ' ALTER TABLE IF EXISTS %1$I.debug_error_events DROP COLUMN IF EXISTS cause_fingerprint;'
        ' DROP FUNCTION IF EXISTS %1$I.debug_cause_fingerprint(TEXT, TEXT, TEXT, TEXT, JSONB),'
        ' %1$I.debug_failure_comparison(TEXT, TEXT, JSONB),'
        ' %1$I.debug_failure_function(TEXT, JSONB),'
        ' %1$I.debug_failure_place(JSONB)',
        current_schema()
    );
END
$$;
