"""The documented schema, written out: what any change of the migrations must still hold."""

from __future__ import annotations

COLUMNS = {
    "debug_state_snapshots": """
        id uuid!, snapshot_type character varying(50)!, correlation_id uuid!, session_id uuid,
        agent_name character varying(255)!, agent_state jsonb!, state_hash character varying(64)!,
        execution_step integer, task_description text, user_request text, state_size_bytes integer,
        variables_count integer, context_depth integer, memory_usage_mb numeric(10;2), cpu_time_ms integer,
        wall_time_ms integer, transformation_event_id uuid, parent_snapshot_id uuid,
        captured_at timestamp with time zone!
    """,
    "debug_error_events": """
        id uuid!, correlation_id uuid!, session_id uuid, error_type character varying(100)!,
        error_category character varying(50)!, error_severity character varying(20)!, error_message text!,
        error_stack_trace text, error_code character varying(50), agent_name character varying(255)!,
        operation_name character varying(255), execution_step integer, state_snapshot_id uuid, is_recoverable boolean,
        recovery_attempted boolean, recovery_successful boolean, recovery_strategy character varying(100),
        metadata jsonb, occurred_at timestamp with time zone!, resolved_at timestamp with time zone
    """,
    "debug_success_events": """
        id uuid!, correlation_id uuid!, session_id uuid, success_type character varying(100)!,
        operation_name character varying(255)!, agent_name character varying(255)!, execution_step integer,
        state_snapshot_id uuid, quality_score numeric(5;4), completion_status character varying(50),
        validation_passed boolean, execution_time_ms integer, retry_count integer, success_factors jsonb,
        metadata jsonb, occurred_at timestamp with time zone!
    """,
    "debug_error_success_correlation": """
        id uuid!, error_event_id uuid!, success_event_id uuid!, correlation_id uuid!, recovery_path text,
        recovery_duration_ms integer, intermediate_steps integer, recovery_strategy character varying(100),
        confidence_score numeric(5;4)!, correlated_at timestamp with time zone!
    """,
    "debug_workflow_steps": """
        id uuid!, correlation_id uuid!, session_id uuid, step_number integer!, step_type character varying(100)!,
        agent_name character varying(255)!, operation_name character varying(255)!, step_description text,
        pre_state_snapshot_id uuid, post_state_snapshot_id uuid, status character varying(50)!, error_event_id uuid,
        success_event_id uuid, duration_ms integer, parent_step_id uuid, depends_on_steps integer[],
        input_data jsonb, output_data jsonb, metadata jsonb, started_at timestamp with time zone!,
        completed_at timestamp with time zone
    """,
    "agent_transformation_events": """
        id uuid!, event_type character varying(100)!, correlation_id uuid!, session_id uuid,
        source_agent character varying(255), target_agent character varying(255)!, transformation_reason text,
        context_snapshot jsonb, context_keys text[], context_size_bytes integer, user_request text,
        routing_confidence numeric(5;4), routing_strategy character varying(100), transformation_duration_ms integer,
        initialization_duration_ms integer, total_execution_duration_ms integer, success boolean, error_message text,
        error_type character varying(100), quality_score numeric(5;4), agent_definition_id uuid, parent_event_id uuid,
        started_at timestamp with time zone!, completed_at timestamp with time zone,
        state_snapshot_id uuid, error_event_id uuid, success_event_id uuid
    """,
    "hook_events": """
        id uuid!, source character varying(255)!, action character varying(255)!, resource character varying(255)!,
        resource_id character varying(255)!, payload jsonb!, metadata jsonb!, processed boolean!,
        processing_errors text[], retry_count integer!, created_at timestamp with time zone!,
        processed_at timestamp with time zone
    """,
    "debug_llm_call_summary": """
        hook_event_id uuid, session_id text, correlation_id text, tool_name character varying(255),
        quality_score numeric(5;4), success_classification text, call_timestamp timestamp with time zone
    """,
    "debug_workflow_context": """
        correlation_id uuid, session_id uuid, agents_involved character varying[], total_steps bigint,
        error_count bigint, success_count bigint, snapshot_count bigint, workflow_started timestamp with time zone,
        workflow_completed timestamp with time zone, duration_ms numeric
    """,
    "debug_recovery_patterns": """
        error_type character varying(100), recovery_strategy character varying(100), errors_recovered bigint,
        avg_duration_ms numeric, avg_confidence numeric(5;4)
    """,
}

INDEXES = [
    "idx_debug_state_snapshots_correlation",
    "idx_debug_state_snapshots_session",
    "idx_debug_state_snapshots_agent",
    "idx_debug_state_snapshots_type_time",
    "idx_debug_state_snapshots_hash",
    "idx_debug_state_snapshots_parent",
    "idx_debug_state_snapshots_state",
    "idx_debug_error_events_correlation",
    "idx_debug_error_events_session",
    "idx_debug_error_events_agent_type",
    "idx_debug_error_events_severity",
    "idx_debug_error_events_state",
    "idx_debug_error_events_recovery",
    "idx_debug_success_events_correlation",
    "idx_debug_success_events_agent",
    "idx_debug_success_events_quality",
    "idx_debug_success_events_state",
    "idx_debug_error_success_correlation_error",
    "idx_debug_error_success_correlation_success",
    "idx_debug_error_success_correlation_workflow",
    "idx_debug_error_success_correlation_strategy",
    "idx_debug_workflow_steps_correlation",
    "idx_debug_workflow_steps_agent",
    "idx_debug_workflow_steps_status",
    "idx_debug_workflow_steps_error",
    "idx_debug_workflow_steps_parent",
    "idx_agent_transformation_events_state_snapshot",
    "idx_agent_transformation_events_error",
    "idx_agent_transformation_events_success",
]

CONSTRAINTS = [
    "debug_state_snapshots_snapshot_type_check",
    "debug_error_events_severity_check",
    "debug_error_events_category_check",
    "debug_success_events_quality_check",
    "debug_error_success_correlation_unique",
    "debug_error_success_correlation_confidence_check",
    "debug_workflow_steps_status_check",
    "debug_workflow_steps_unique_step",
    "debug_error_events_error_type_check",
    "debug_error_events_recovery_strategy_check",
    "debug_success_events_success_type_check",
    "debug_success_events_completion_status_check",
    "debug_error_success_correlation_recovery_strategy_check",
    "debug_workflow_steps_step_type_check",
    "debug_test_traces_traced_by_check",
]

COMMENTS = {
    "debug_state_snapshots": "Captures agent state at critical points for debug replay and analysis. ONEX Effect node.",
    "debug_error_events": "Tracks error occurrences with full context for analysis and recovery. ONEX Effect node.",
    "debug_success_events": "Tracks successful operations for pattern learning and optimization. ONEX Effect node.",
    "debug_error_success_correlation": (
        "Links errors to eventual successes for recovery pattern learning. ONEX Reducer node."
    ),
    "debug_workflow_steps": "Tracks discrete workflow steps for replay and dependency analysis. ONEX Effect node.",
    "debug_llm_call_summary": "Extracts LLM call metrics from hook_events for debug analysis",
    "debug_workflow_context": "Aggregated debug context for workflows - entry point for debug analysis",
}
