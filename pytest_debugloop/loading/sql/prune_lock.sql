-- Keep every loader from writing until this transaction ends: it must not add to what goes, nor refer to it. Who reads
-- goes on. In the order in which a loader writes.

LOCK TABLE debug_runs, debug_code_versions, debug_code_pointers, debug_code_files, debug_commit_parents,
    debug_tasks, debug_state_snapshots,
    debug_error_events, debug_success_events, debug_workflow_steps, debug_error_success_correlation, debug_rejected_lines
    IN SHARE ROW EXCLUSIVE MODE;
