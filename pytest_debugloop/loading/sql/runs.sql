-- Add the run that a main process's journal begins. Its ids and names are those that all lines of the journal go by.

INSERT INTO debug_runs AS known (
    id, correlation_id, session_id, project, agent_name, rootdir, command_line, python_version, platform,
    pytest_version, plugins, git_commit, git_branch, ci, interpreter, random_seeds, boot_id, boot_seconds, environment,
    started_at, checkout_id, project_source, leg, change_id, target_branch
)
SELECT
    j.run_id,
    j.correlation_id,
    j.session_id,
    j.project,
    j.agent_name,
    line ->> 'rootdir',
    ARRAY(SELECT jsonb_array_elements_text(line -> 'facts' -> 'command_line')),
    line -> 'facts' ->> 'python_version',
    line -> 'facts' ->> 'platform',
    line -> 'facts' ->> 'pytest_version',
    line -> 'facts' -> 'plugins',
    coalesce(line -> 'facts' -> 'ci' ->> 'vcs.ref.head.revision', line -> 'facts' -> 'git' ->> 'vcs.ref.head.revision'),
    coalesce(line -> 'facts' -> 'ci' ->> 'vcs.ref.head.name', line -> 'facts' -> 'git' ->> 'vcs.ref.head.name'),
    line -> 'facts' -> 'ci',
    line -> 'facts' -> 'interpreter',
    line -> 'facts' -> 'random_seeds',
    line -> 'facts' ->> 'boot_id',
    (line -> 'facts' ->> 'boot_seconds')::double precision,
    line -> 'facts' -> 'environment',
    timestamptz 'epoch' + (line ->> 'started')::bigint * interval '1 microsecond',
    j.checkout_id,
    j.project_source,
    left(coalesce(
        line -> 'facts' ->> 'leg',
        debug_leg(
            line -> 'facts' -> 'ci', line -> 'facts' -> 'environment',
            line -> 'facts' -> 'interpreter' ->> 'implementation', line -> 'facts' ->> 'python_version',
            line -> 'facts' ->> 'platform'
        )
    ), 255),
    line -> 'facts' -> 'ci' ->> 'vcs.change.id',
    line -> 'facts' -> 'ci' ->> 'vcs.ref.base.name'
FROM staged_records
JOIN staged_journals AS j USING (journal_no)
WHERE kind = 'run' AND j.is_main AND (line ->> 'run_id')::uuid = j.run_id
-- One without a rootdir was made while the header was missing.
ON CONFLICT (id) DO UPDATE SET
    rootdir = excluded.rootdir, command_line = excluded.command_line, python_version = excluded.python_version,
    platform = excluded.platform, pytest_version = excluded.pytest_version, plugins = excluded.plugins,
    git_commit = excluded.git_commit, git_branch = excluded.git_branch, ci = excluded.ci,
    interpreter = excluded.interpreter, random_seeds = excluded.random_seeds, boot_id = excluded.boot_id,
    boot_seconds = excluded.boot_seconds, environment = excluded.environment, started_at = excluded.started_at,
    checkout_id = excluded.checkout_id, project_source = excluded.project_source, leg = excluded.leg,
    change_id = excluded.change_id, target_branch = excluded.target_branch
WHERE known.rootdir IS NULL AND excluded.rootdir IS NOT NULL;
