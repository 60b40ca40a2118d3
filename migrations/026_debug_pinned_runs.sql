-- Let runs be pinned, so that no retention deletes them
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

ALTER TABLE debug_runs ADD COLUMN IF NOT EXISTS pinned_at TIMESTAMP WITH TIME ZONE;

COMMENT ON COLUMN debug_runs.pinned_at IS
    'When debugloop pin kept it from being pruned; NULL for a run that is not pinned';
