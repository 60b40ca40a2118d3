-- Undo 034_debug_search

DO $$
BEGIN
    EXECUTE format('DROP INDEX IF EXISTS %I.idx_debug_error_events_words', current_schema());
END
$$;
