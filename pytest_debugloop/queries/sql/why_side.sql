-- Give what a run was run on, and how it was started.

SELECT
    r.id AS run_id, r.code_version, v.files, r.git_commit, r.started_at, coalesce(r.rootdir, '') AS rootdir,
    coalesce(r.command_line, '{}') AS command_line, r.python_version, r.platform, r.plugins, r.distributions,
    r.environment, r.random_seeds, r.checkout_id
FROM debug_runs AS r
LEFT JOIN debug_code_versions AS v ON v.id = r.code_version
WHERE r.id = %(run_id)s;
