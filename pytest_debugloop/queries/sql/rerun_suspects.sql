-- Give the tests that ran before each known failure of a test and before none of its passes, from its latest recovery.

SELECT polluter.name
FROM (
    SELECT c.evidence
    FROM debug_error_success_correlation AS c
    WHERE c.task_id = %(task_id)s AND c.evidence -> 'order' -> 'polluters' IS NOT NULL
    ORDER BY c.correlated_at DESC
    LIMIT 1
) AS latest
CROSS JOIN LATERAL jsonb_array_elements_text(latest.evidence -> 'order' -> 'polluters') AS polluter (name);
