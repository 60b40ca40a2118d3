-- Log that one agent became another, with the state of the first.

WITH logged AS (
    INSERT INTO agent_transformation_events (
        event_type, correlation_id, session_id, source_agent, target_agent, transformation_reason, user_request,
        state_snapshot_id
    )
    VALUES (
        %(event_type)s, %(correlation_id)s, %(session_id)s, left(%(source_agent)s, 255), left(%(target_agent)s, 255),
        %(reason)s, %(user_request)s, %(snapshot_id)s
    )
    RETURNING id, state_snapshot_id
)
SELECT id, state_snapshot_id AS snapshot_id FROM logged;
