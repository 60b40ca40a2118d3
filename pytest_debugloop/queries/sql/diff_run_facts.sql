-- Give what a run was run on.

SELECT
    id, git_branch, git_commit,
    CASE WHEN git_dirty IS NOT NULL THEN TRUE WHEN code_version IS NOT NULL THEN FALSE END AS is_dirty,
    code_version,
    coalesce(distributions, '{}') AS distributions, coalesce(environment, '{}') AS environment,
    coalesce(interpreter, '{}') || jsonb_strip_nulls(jsonb_build_object('platform', platform)) AS interpreter,
    coalesce(random_seeds, '{}') AS random_seeds
FROM debug_runs
WHERE id = %(id)s;
