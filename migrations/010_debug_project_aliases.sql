-- Keep a project's history when its checkout gets another name, as a git remote gives it
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  Names alone tell nothing: folders of
-- different projects are called alike.  So a name is given up for one checkout at a time.

ALTER TABLE debug_runs
    ADD COLUMN IF NOT EXISTS checkout_id UUID,
    ADD COLUMN IF NOT EXISTS project_source VARCHAR(20);

COMMENT ON COLUMN debug_runs.checkout_id IS
    'The checkout that it was run in: made from its folder and from an id that lies in its record''s folder';
COMMENT ON COLUMN debug_runs.project_source IS
    'Where the project''s name is from: given (by the user), repository (the git remote, or the CI) or folder';

-- The names of a checkout are asked for at the end of each run.
CREATE INDEX IF NOT EXISTS idx_debug_runs_checkout ON debug_runs (checkout_id, started_at DESC)
    WHERE checkout_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS debug_project_aliases (
    checkout_id UUID NOT NULL,
    alias VARCHAR(255) NOT NULL,
    project VARCHAR(255) NOT NULL,
    adopted_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    PRIMARY KEY (checkout_id, alias)
);

CREATE INDEX IF NOT EXISTS idx_debug_project_aliases_alias ON debug_project_aliases (alias);

COMMENT ON TABLE debug_project_aliases IS
    'Names that projects had before: runs of the checkout that were recorded under one are the project''s.';
COMMENT ON COLUMN debug_project_aliases.checkout_id IS 'Whose name it was: debug_runs.checkout_id';
COMMENT ON COLUMN debug_project_aliases.alias IS 'The name that is given up';
COMMENT ON COLUMN debug_project_aliases.project IS 'The name in its place: debug_runs.project';
COMMENT ON COLUMN debug_project_aliases.adopted_at IS 'When that was found';
