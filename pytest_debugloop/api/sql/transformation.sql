-- Log that one agent became another, with the state of the first; say what the host's table, which may be another's, refuses.

SELECT debug_insert_host_row(
    'agent_transformation_events'::regclass,
    jsonb_build_object(
        'id', %(id)s::uuid,
        'event_type', %(event_type)s::text,
        'correlation_id', %(correlation_id)s::uuid,
        'session_id', %(session_id)s::uuid,
        'source_agent', left(%(source_agent)s, 255),
        'target_agent', left(%(target_agent)s, 255),
        'transformation_reason', %(reason)s::text,
        'user_request', %(user_request)s::text,
        'started_at', clock_timestamp(),
        'state_snapshot_id', %(snapshot_id)s::uuid
    )
) AS trouble;
