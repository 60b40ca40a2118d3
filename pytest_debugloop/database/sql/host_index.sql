-- The index on the host's hook_events that debug_llm_call_summary is asked by.

-- name: wanted
-- The table, where it is the host's and has no such index; and the index that an attempt left behind unfinished.
SELECT n.nspname, c.relname, (
    SELECT i.indexrelid::regclass::text FROM pg_index AS i
    JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND x.relname = 'idx_debug_hook_events_correlation' AND NOT i.indisvalid
)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = coalesce(
        to_regclass(quote_ident({schema}) || '.hook_events'), to_regclass('public.hook_events')
    )
    AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE '%Created by pytest-debugloop.'
    AND NOT EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = c.oid AND i.indisvalid
            AND pg_get_indexdef(i.indexrelid, 1, TRUE) = '(metadata ->> ''correlation_id''::text)'
    );

-- name: create
CREATE INDEX CONCURRENTLY idx_debug_hook_events_correlation ON {table}
    ((metadata ->> 'correlation_id'), created_at) WHERE source = 'PostToolUse';

-- name: comment
COMMENT ON INDEX {schema}.idx_debug_hook_events_correlation IS
    'Calls of a workflow, as debug_llm_call_summary is asked for them. Created by pytest-debugloop.';

-- name: script
SET search_path TO {schema}, public;
SELECT coalesce(obj_description('hook_events'::regclass), '') NOT LIKE '%Created by pytest-debugloop.'
    AS debugloop_goes \gset
\if :debugloop_goes
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_debug_hook_events_correlation ON hook_events
    ((metadata ->> 'correlation_id'), created_at) WHERE source = 'PostToolUse';
COMMENT ON INDEX idx_debug_hook_events_correlation IS
    'Calls of a workflow, as debug_llm_call_summary is asked for them. Created by pytest-debugloop.';
\echo indexed hook_events
\endif
