-- Undo 007_debug_recoveries: drop its tables, columns and function
--
-- Named in our schema, never along the search path: public may hold tables of these names that are not ours.

DO $$
BEGIN
    EXECUTE format(
        'ALTER TABLE IF EXISTS %1$I.debug_error_success_correlation'
        ' DROP COLUMN IF EXISTS task_id, DROP COLUMN IF EXISTS error_type, DROP COLUMN IF EXISTS error_code,'
        ' DROP COLUMN IF EXISTS fingerprint, DROP COLUMN IF EXISTS evidence;'
        ' DROP VIEW IF EXISTS %1$I.debug_test_attempts;'
        ' DROP TABLE IF EXISTS %1$I.debug_code_pointers, %1$I.debug_code_files, %1$I.debug_code_versions;'
        ' ALTER TABLE IF EXISTS %1$I.debug_runs'
        ' DROP COLUMN IF EXISTS code_version, DROP COLUMN IF EXISTS git_tree, DROP COLUMN IF EXISTS git_dirty,'
        ' DROP COLUMN IF EXISTS distributions, DROP COLUMN IF EXISTS environment, DROP COLUMN IF EXISTS interpreter,'
        ' DROP COLUMN IF EXISTS random_seeds, DROP COLUMN IF EXISTS conditions,'
        ' DROP COLUMN IF EXISTS boot_id, DROP COLUMN IF EXISTS boot_seconds;'
        ' ALTER TABLE IF EXISTS %1$I.debug_success_events DROP COLUMN IF EXISTS run_id, DROP COLUMN IF EXISTS task_id;'
        ' ALTER TABLE IF EXISTS %1$I.debug_error_events DROP COLUMN IF EXISTS run_id, DROP COLUMN IF EXISTS task_id;'
        ' DROP FUNCTION IF EXISTS %1$I.debug_task_id(TEXT, TEXT)',
        current_schema()
    );
END
$$;
