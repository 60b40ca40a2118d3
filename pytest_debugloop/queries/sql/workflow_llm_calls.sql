-- List the LLM calls of a workflow.

SELECT
    hook_event_id, session_id, correlation_id, tool_name, quality_score, success_classification, call_timestamp,
    agent_name, execution_time_ms
FROM debug_llm_call_summary
WHERE correlation_id = ANY (%(correlation_ids)s)
ORDER BY call_timestamp, hook_event_id;
