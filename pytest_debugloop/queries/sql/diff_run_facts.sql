-- Give what a run was run on.

SELECT
    code_version,
    coalesce(distributions, '{}') AS distributions, coalesce(environment, '{}') AS environment,
    coalesce(interpreter, '{}') || jsonb_strip_nulls(jsonb_build_object('platform', platform)) AS interpreter,
    coalesce(random_seeds, '{}') AS random_seeds
FROM debug_runs
WHERE id = %(id)s;
