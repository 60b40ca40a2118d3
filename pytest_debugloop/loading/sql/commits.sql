-- Store which commits come directly after which.

INSERT INTO debug_commit_parents (project, git_commit, git_parent)
SELECT DISTINCT j.project, known.value ->> 0, parent.value
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
CROSS JOIN LATERAL jsonb_array_elements(l.line -> 'commits') AS known (value)
CROSS JOIN LATERAL jsonb_array_elements_text(known.value - 0) AS parent (value)
WHERE l.kind = 'commits' AND length(known.value ->> 0) <= 100 AND length(parent.value) <= 100
ORDER BY 1, 2, 3  -- two loaders that add the same commits must not wait for each other
ON CONFLICT (project, git_commit, git_parent) DO NOTHING;

-- A commit that says which change it merged, as squashes do, comes after that change, whose commits are known from its runs.
INSERT INTO debug_commit_parents (project, git_commit, git_parent)
SELECT DISTINCT j.project, merged.value ->> 0, 'change ' || (merged.value ->> 1)
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
CROSS JOIN LATERAL jsonb_array_elements(l.line -> 'merged') AS merged (value)
WHERE l.kind = 'commits' AND length(merged.value ->> 0) <= 100 AND merged.value ->> 1 ~ '^[0-9]{1,20}$'
ORDER BY 1, 2, 3
ON CONFLICT (project, git_commit, git_parent) DO NOTHING;

-- Where git keeps its references in a table, the test process cannot read them.
UPDATE debug_runs AS run
SET git_commit = l.line ->> 'head', git_branch = l.line ->> 'branch'
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
WHERE l.kind = 'commits' AND l.line ? 'head' AND run.id = j.run_id
    AND run.git_commit IS NULL AND run.git_branch IS NULL AND run.ci ->> 'cicd.provider' IS NULL;
