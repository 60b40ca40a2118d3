-- Before 005_debug_state_management: make tables that the documented migration 5 created ready for ours
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  A database in which that migration was
-- run word for word has our tables with foreign keys that forbid to delete, with views of other types, and with other
-- defaults.  What stands in the way of 005 goes here, and 005 makes it anew; rows stay.

DO $$
DECLARE
    ours CONSTANT REGNAMESPACE := quote_ident(current_schema());
    item TEXT;
BEGIN
    IF to_regclass(format('%s.debug_state_snapshots', ours)) IS NULL THEN
        RETURN;
    END IF;

    FOR item IN
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', fk.conrelid::regclass, fk.conname)
        FROM pg_constraint AS fk
        JOIN pg_class AS child ON child.oid = fk.conrelid
        JOIN pg_class AS parent ON parent.oid = fk.confrelid
        WHERE fk.contype = 'f' AND fk.confdeltype = 'a' AND cardinality(fk.conkey) = 1
            AND (
                child.relnamespace = ours AND child.relname IN (
                    'debug_state_snapshots', 'debug_error_events', 'debug_success_events',
                    'debug_error_success_correlation', 'debug_workflow_steps'
                )
                OR fk.conrelid = to_regclass('agent_transformation_events') AND parent.relnamespace = ours
            )
            AND parent.relname IN (
                'debug_state_snapshots', 'debug_error_events', 'debug_success_events', 'debug_workflow_steps',
                'agent_transformation_events'
            )
            AND (parent.relnamespace = ours OR fk.confrelid = to_regclass('agent_transformation_events'))
    LOOP
        EXECUTE item;
    END LOOP;

    -- Of other types than ours, which may not be replaced.  Whoever built on them has to drop that first.
    EXECUTE format(
        'DROP VIEW IF EXISTS %1$s.debug_llm_call_summary; DROP VIEW IF EXISTS %1$s.debug_workflow_context', ours
    );

    -- The clock, not now(): what happens in one transaction keeps its order and its distance.
    FOR item IN
        SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT clock_timestamp()', a.attrelid::regclass, a.attname)
        FROM (VALUES
            ('debug_state_snapshots', 'captured_at'), ('debug_error_events', 'occurred_at'),
            ('debug_success_events', 'occurred_at'), ('debug_error_success_correlation', 'correlated_at')
        ) AS wanted (table_name, column_name)
        JOIN pg_attribute AS a ON a.attrelid = to_regclass(format('%s.%I', ours, wanted.table_name))
            AND a.attname = wanted.column_name
    LOOP
        EXECUTE item;
    END LOOP;

    -- Nobody said how sure these are.
    IF to_regclass(format('%s.debug_error_success_correlation', ours)) IS NOT NULL THEN
        EXECUTE format(
            'UPDATE %1$s.debug_error_success_correlation SET confidence_score = 0 WHERE confidence_score IS NULL', ours
        );
        EXECUTE format(
            'ALTER TABLE %s.debug_error_success_correlation ALTER COLUMN confidence_score SET NOT NULL', ours
        );
    END IF;

    -- Of the class that takes three times as long for each state; 005 measured it, and makes the other.
    IF pg_get_indexdef(to_regclass(format('%s.idx_debug_state_snapshots_state', ours))) NOT LIKE '%jsonb_path_ops%' THEN
        EXECUTE format('DROP INDEX %s.idx_debug_state_snapshots_state', ours);
    END IF;
END
$$;
