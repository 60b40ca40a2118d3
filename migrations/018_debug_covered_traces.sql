-- Say that a trace may be of coverage
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

COMMENT ON COLUMN debug_test_traces.traced_by IS
    'monitoring (sys.monitoring), profile (a profile function: no lines), coverage (the contexts of pytest-cov, with'
    ' our own trace where there is one), or none where nothing could be watched';
