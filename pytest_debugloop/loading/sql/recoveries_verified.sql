-- Keep a reason that was proved: of the recovery, and of the error that it recovered.

WITH proved AS (
    UPDATE debug_error_success_correlation
    SET recovery_strategy = %(strategy)s, confidence_score = %(confidence)s, recovery_path = %(path)s,
        evidence = %(evidence)s
    WHERE id = %(id)s
    RETURNING error_event_id
)
UPDATE debug_error_events AS e SET recovery_strategy = %(strategy)s
FROM proved
WHERE e.id = proved.error_event_id;
