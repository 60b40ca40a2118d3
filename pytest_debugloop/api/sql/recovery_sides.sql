-- Give when an error and a success occurred; each is NULL where the record has none with that id.

SELECT
    (SELECT occurred_at FROM debug_error_events WHERE id = %(error_event_id)s) AS failed_at,
    (SELECT occurred_at FROM debug_success_events WHERE id = %(success_event_id)s) AS passed_at;
