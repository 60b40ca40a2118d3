-- Give what runs were run on.

SELECT
    r.id, r.correlation_id, r.code_version, v.files, r.distributions, r.environment, r.interpreter, r.platform,
    r.started_at, r.finished_at, r.git_commit, r.leg,
    CASE jsonb_typeof(r.ci) WHEN 'object' THEN r.ci END AS ci
FROM debug_runs AS r
LEFT JOIN debug_code_versions AS v ON v.id = r.code_version
WHERE r.id = ANY (%(runs)s);
