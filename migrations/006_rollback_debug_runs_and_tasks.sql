-- Undo 006_debug_runs_and_tasks: drop its three tables
--
-- Named in our schema, never along the search path: public may hold tables of these names that are not ours.

DO $$
BEGIN
    EXECUTE format(
        'DROP TABLE IF EXISTS %1$I.debug_rejected_lines, %1$I.debug_tasks, %1$I.debug_runs', current_schema()
    );
END
$$;
