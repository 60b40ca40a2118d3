-- Give what a run was run on.

SELECT
    code_version,
    coalesce(distributions, '{}') AS distributions, coalesce(environment, '{}') AS environment,
    coalesce(interpreter, '{}') || jsonb_strip_nulls(jsonb_build_object('platform', platform)) AS interpreter,
    coalesce(random_seeds, '{}') AS random_seeds,
    CASE jsonb_typeof(variables) WHEN 'object' THEN variables END AS variables,
    coalesce(command_line, '{}') AS command_line, coalesce(ini_options, '{}') AS ini_options,
    coalesce(rootdir, '/') AS rootdir
FROM debug_runs
WHERE id = %(id)s;
