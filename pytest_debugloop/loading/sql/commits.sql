-- Store which commits come directly after which.

INSERT INTO debug_commit_parents (project, git_commit, git_parent)
SELECT DISTINCT j.project, known.value ->> 0, parent.value
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
CROSS JOIN LATERAL jsonb_array_elements(l.line -> 'commits') AS known (value)
CROSS JOIN LATERAL jsonb_array_elements_text(known.value - 0) AS parent (value)
WHERE l.line ->> 'kind' = 'commits'
ORDER BY 1, 2, 3  -- two loaders that add the same commits must not wait for each other
ON CONFLICT (project, git_commit, git_parent) DO NOTHING;
