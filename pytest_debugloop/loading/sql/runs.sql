-- Add the run that a main process's journal begins.

INSERT INTO debug_runs (
    id, correlation_id, session_id, project, agent_name, rootdir, command_line, python_version, platform,
    pytest_version, plugins, git_commit, git_branch, ci, interpreter, random_seeds, boot_id, boot_seconds, environment,
    started_at
)
SELECT
    (line ->> 'run_id')::uuid,
    (line ->> 'correlation_id')::uuid,
    (line ->> 'session_id')::uuid,
    left(line ->> 'project', 255),
    left(line ->> 'agent_name', 255),
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
    timestamptz 'epoch' + (line ->> 'started')::bigint * interval '1 microsecond'
FROM staged_records
WHERE line ->> 'kind' = 'run' AND line ->> 'role' = 'main'
ON CONFLICT (id) DO NOTHING;
