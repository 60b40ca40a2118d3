-- Check the values of enumerations that are stored
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  Reads each table, while others read
-- and write it.

DO $$
DECLARE
    item RECORD;
BEGIN
    FOR item IN
        SELECT conrelid::regclass AS table_name, conname FROM pg_constraint
        WHERE connamespace = quote_ident(current_schema())::regnamespace AND contype = 'c' AND NOT convalidated
            AND conname ~ '_(error_type|recovery_strategy|success_type|completion_status|step_type|traced_by)_check$'
        ORDER BY conname
    LOOP
        BEGIN
            EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', item.table_name, item.conname);
        EXCEPTION WHEN check_violation THEN
            -- A value that somebody stored between the two migrations: new rows are checked all the same.
            RAISE WARNING '% stays NOT VALID: %', item.conname, SQLERRM;
        END;
    END LOOP;
END
$$;
