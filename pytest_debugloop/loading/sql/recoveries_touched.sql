-- Say of which error another reason is known now.

CREATE TEMP TABLE touched ON COMMIT DROP AS
SELECT error_event_id AS id FROM debug_error_success_correlation WHERE id = %s::uuid;
