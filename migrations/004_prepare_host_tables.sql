-- Before 004_host_tables: create tables of ours where the host's may not be extended or read
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  004 would use host tables in public:
-- only the owner can extend agent_transformation_events, and hook_events has to be read.  Where the role may not,
-- tables of our own of the same names, which are found first, take their place.

DO $$
DECLARE
    ours CONSTANT REGNAMESPACE := quote_ident(current_schema());
    host RECORD;
BEGIN
    FOR host IN
        SELECT c.relnamespace = ours AS is_here, pg_get_userbyid(c.relowner) AS owner,
            c.relname
        FROM pg_class AS c
        WHERE c.oid = to_regclass('agent_transformation_events') AND NOT pg_has_role(c.relowner, 'USAGE')
            OR c.oid = to_regclass('hook_events') AND NOT has_table_privilege(c.oid, 'SELECT')
        ORDER BY c.relname
    LOOP
        IF host.is_here THEN
            RAISE EXCEPTION 'the role % does not own the table %.%', current_user, ours, host.relname
                USING ERRCODE = 'insufficient_privilege',
                HINT = format(
                    'Migrate as its owner, or let the owner run: GRANT %I TO %I', host.owner, current_user
                );
        END IF;
        IF host.relname = 'agent_transformation_events' THEN
            EXECUTE format($table$
                CREATE TABLE %1$s.agent_transformation_events (
                    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
                    event_type VARCHAR(100) NOT NULL,
                    correlation_id UUID NOT NULL,
                    session_id UUID,
                    source_agent VARCHAR(255),
                    target_agent VARCHAR(255) NOT NULL,
                    transformation_reason TEXT,
                    context_snapshot JSONB,
                    context_keys TEXT[],
                    context_size_bytes INTEGER,
                    user_request TEXT,
                    routing_confidence DECIMAL(5,4),
                    routing_strategy VARCHAR(100),
                    transformation_duration_ms INTEGER,
                    initialization_duration_ms INTEGER,
                    total_execution_duration_ms INTEGER,
                    success BOOLEAN,
                    error_message TEXT,
                    error_type VARCHAR(100),
                    quality_score DECIMAL(5,4),
                    agent_definition_id UUID,
                    parent_event_id UUID REFERENCES %1$s.agent_transformation_events (id) ON DELETE SET NULL,
                    started_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                    completed_at TIMESTAMP WITH TIME ZONE,
                    CONSTRAINT agent_transformation_events_type_check CHECK (
                        event_type IN ('transformation_start', 'transformation_complete', 'transformation_failed')
                    ),
                    CONSTRAINT agent_transformation_events_confidence_check
                        CHECK (routing_confidence IS NULL OR (routing_confidence >= 0 AND routing_confidence <= 1)),
                    CONSTRAINT agent_transformation_events_quality_check
                        CHECK (quality_score IS NULL OR (quality_score >= 0 AND quality_score <= 1))
                );
                CREATE INDEX idx_agent_transformation_events_correlation
                    ON %1$s.agent_transformation_events (correlation_id, started_at DESC);
                CREATE INDEX idx_agent_transformation_events_parent
                    ON %1$s.agent_transformation_events (parent_event_id) WHERE parent_event_id IS NOT NULL
            $table$, ours);
            -- The rollback of 004 drops a table whose comment ends like this.
            EXECUTE format(
                'COMMENT ON TABLE %s.agent_transformation_events IS %L', ours, format(
                    'One agent becoming another, in the shape that ONEX has, because role %s does not own public.%I.'
                    ' Created by pytest-debugloop.', current_user, host.relname
                )
            );
        ELSE
            EXECUTE format($table$
                CREATE TABLE %1$s.hook_events (
                    id UUID PRIMARY KEY,
                    source VARCHAR(255) NOT NULL,
                    action VARCHAR(255) NOT NULL,
                    resource VARCHAR(255) NOT NULL,
                    resource_id VARCHAR(255) NOT NULL,
                    payload JSONB NOT NULL DEFAULT '{}',
                    metadata JSONB NOT NULL DEFAULT '{}',
                    processed BOOLEAN NOT NULL DEFAULT FALSE,
                    processing_errors TEXT[],
                    retry_count INTEGER NOT NULL DEFAULT 0,
                    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
                    processed_at TIMESTAMP WITH TIME ZONE,
                    CONSTRAINT hook_events_retry_count_check CHECK (retry_count >= 0 AND retry_count <= 10),
                    CONSTRAINT hook_events_processed_at_check
                        CHECK (processed_at IS NULL OR processed_at >= created_at)
                );
                CREATE INDEX idx_hook_events_correlation
                    ON %1$s.hook_events ((metadata ->> 'correlation_id'), created_at) WHERE source = 'PostToolUse'
            $table$, ours);
            EXECUTE format(
                'COMMENT ON TABLE %s.hook_events IS %L', ours, format(
                    'One event of a hook, in the shape that ONEX has, because the role %s may not read public.%I.'
                    ' Created by pytest-debugloop.', current_user, host.relname
                )
            );
        END IF;
    END LOOP;
END
$$;
