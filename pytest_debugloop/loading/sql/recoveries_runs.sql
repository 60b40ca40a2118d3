-- Give what runs were run on.

SELECT
    r.id, r.correlation_id, r.code_version, v.files, r.distributions, r.environment, r.interpreter, r.platform,
    r.started_at, r.finished_at, r.git_commit, r.leg,
    CASE jsonb_typeof(r.ci) WHEN 'object' THEN r.ci END AS ci,
    r.plugins, r.command_line, r.rootdir, o.files AS other_files,
    r.edited_files, r.ignored_files, r.ini_options, r.variables, i.distributions AS installed
FROM debug_runs AS r
LEFT JOIN debug_code_versions AS v ON v.id = r.code_version
LEFT JOIN debug_code_versions AS o ON o.id = r.other_version
LEFT JOIN debug_installations AS i ON i.id = r.installation
WHERE r.id = ANY (%(runs)s);
