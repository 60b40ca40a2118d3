-- Find or create the host's tables agent_transformation_events and hook_events
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  An ONEX database has both tables in
-- public, where they stay and are used; anywhere else they are created in our schema.  A table of another shape under
-- one of these names stops the migration: extending or reading the wrong table would harm its owner.

DO $$
DECLARE
    ours CONSTANT REGNAMESPACE := quote_ident(current_schema());
    hint CONSTANT TEXT := 'Rename or upgrade that table, or choose a database without it.';
    host REGCLASS;
    host_name TEXT;
    missing TEXT;
BEGIN
    -- agent_transformation_events: extended by the next migration ---------------------------------------------------

    host := to_regclass('agent_transformation_events');
    -- One foreign key has one parent: a table in public that is already tied to the snapshots of another schema cannot
    -- refer to ours as well, so we keep a table of our own beside it.
    IF EXISTS (
        SELECT FROM pg_constraint AS fk
        JOIN pg_class AS child ON child.oid = fk.conrelid
        JOIN pg_class AS parent ON parent.oid = fk.confrelid
        WHERE fk.conrelid = host AND fk.contype = 'f' AND child.relnamespace <> ours
            AND parent.relname = 'debug_state_snapshots' AND parent.relnamespace <> ours
    ) THEN
        host := NULL;
    END IF;

    IF host IS NOT NULL THEN
        SELECT format('%s.%I', relnamespace::regnamespace, relname) INTO host_name FROM pg_class WHERE oid = host;
        SELECT string_agg(concat_ws(' ', needed.column_name, needed.type_name), ', ' ORDER BY needed.place)
        INTO missing
        FROM (VALUES
            (1, 'id', 'uuid'), (2, 'event_type', NULL), (3, 'correlation_id', 'uuid'), (4, 'source_agent', NULL),
            (5, 'target_agent', NULL), (6, 'started_at', NULL)
        ) AS needed (place, column_name, type_name)
        WHERE NOT EXISTS (
            SELECT FROM pg_attribute AS found
            WHERE found.attrelid = host AND found.attname = needed.column_name AND NOT found.attisdropped
                AND (needed.type_name IS NULL OR found.atttypid = needed.type_name::regtype)
        );
        IF missing IS NOT NULL THEN
            RAISE EXCEPTION '% is not the table that the debug loop extends, for it lacks %', host_name, missing
                USING ERRCODE = 'invalid_table_definition', HINT = hint;
        END IF;
        IF NOT EXISTS (
            SELECT FROM pg_class AS c
            JOIN pg_index AS i ON i.indrelid = c.oid
            JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
            WHERE c.oid = host AND c.relkind IN ('r', 'p') AND a.attname = 'id'
                AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indnkeyatts = 1 AND i.indpred IS NULL
        ) THEN
            RAISE EXCEPTION '% cannot be referred to, for it is no table with a primary key on its id', host_name
                USING ERRCODE = 'invalid_table_definition', HINT = hint;
        END IF;
        SELECT string_agg(attname, ', ' ORDER BY attnum) INTO missing
        FROM pg_attribute
        WHERE attrelid = host AND NOT attisdropped AND atttypid <> 'uuid'::regtype
            AND attname IN ('state_snapshot_id', 'error_event_id', 'success_event_id');
        IF missing IS NOT NULL THEN
            RAISE EXCEPTION '% cannot be extended, for its % is no UUID', host_name, missing
                USING ERRCODE = 'invalid_table_definition', HINT = hint;
        END IF;
    ELSE
        CREATE TABLE agent_transformation_events (
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
            parent_event_id UUID REFERENCES agent_transformation_events (id) ON DELETE SET NULL,
            started_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
            completed_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT agent_transformation_events_type_check
                CHECK (event_type IN ('transformation_start', 'transformation_complete', 'transformation_failed')),
            CONSTRAINT agent_transformation_events_confidence_check
                CHECK (routing_confidence IS NULL OR (routing_confidence >= 0 AND routing_confidence <= 1)),
            CONSTRAINT agent_transformation_events_quality_check
                CHECK (quality_score IS NULL OR (quality_score >= 0 AND quality_score <= 1))
        );
        CREATE INDEX idx_agent_transformation_events_correlation
            ON agent_transformation_events (correlation_id, started_at DESC);
        CREATE INDEX idx_agent_transformation_events_parent
            ON agent_transformation_events (parent_event_id) WHERE parent_event_id IS NOT NULL;
        -- The rollback drops only a table whose comment ends like this.
        COMMENT ON TABLE agent_transformation_events IS
            'One agent becoming another, in the shape that ONEX has. Created by pytest-debugloop.';
    END IF;

    -- hook_events: read by debug_llm_call_summary -------------------------------------------------------------------

    host := to_regclass('hook_events');
    IF host IS NOT NULL THEN
        SELECT format('%s.%I', relnamespace::regnamespace, relname) INTO host_name FROM pg_class WHERE oid = host;
        SELECT string_agg(concat_ws(' ', needed.column_name, needed.type_name), ', ' ORDER BY needed.place)
        INTO missing
        FROM (VALUES
            (1, 'id', 'uuid'), (2, 'source', NULL), (3, 'resource_id', NULL), (4, 'payload', 'jsonb'),
            (5, 'metadata', 'jsonb'), (6, 'created_at', NULL)
        ) AS needed (place, column_name, type_name)
        WHERE NOT EXISTS (
            SELECT FROM pg_attribute AS found
            WHERE found.attrelid = host AND found.attname = needed.column_name AND NOT found.attisdropped
                AND (needed.type_name IS NULL OR found.atttypid = needed.type_name::regtype)
        );
        IF missing IS NOT NULL THEN
            RAISE EXCEPTION '% is not the table that the debug loop reads, for it lacks %', host_name, missing
                USING ERRCODE = 'invalid_table_definition', HINT = hint;
        END IF;
    ELSE
        CREATE TABLE hook_events (
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
            CONSTRAINT hook_events_processed_at_check CHECK (processed_at IS NULL OR processed_at >= created_at)
        );
        -- How debug_llm_call_summary is asked.
        CREATE INDEX idx_hook_events_correlation
            ON hook_events ((metadata ->> 'correlation_id'), created_at) WHERE source = 'PostToolUse';
        COMMENT ON TABLE hook_events IS
            'One event of a hook, in the shape that ONEX has. Created by pytest-debugloop.';
    END IF;
END
$$;
