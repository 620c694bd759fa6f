"""Rows of the client that nobody sees here, each with the reason; pure.

A line type without a reader, an attachment or a system row that is in no table of readers: it is
named here, or `status` counts it among the unknown ones. To leave out another one, add its name to
its reason: `attachment/` and `system/` are before the names of these two.
"""

from __future__ import annotations

_NAMES = {
    "a second copy of what other rows hold": """
        api-request api-request-blob api-request-resumed content-replacement progress
        attachment/hook_progress attachment/message_pdf_reads attachment/structured_output
        attachment/thinking_stripped attachment/tool_host_result_lines
        attachment/tool_results_cut
        system/hook_progress system/hook_response system/hook_started
        system/peer_message_hold system/permission_denied system/post_turn_summary
        system/task_notification system/task_progress system/task_started
        system/task_summary system/task_updated system/thinking_tokens
        system/tool_host_result
    """,
    "what the client says to the model by itself": """
        api-request-shape
        attachment/advisor_stripped attachment/advisor_tool attachment/agent_ask_notice
        attachment/agent_listing_delta attachment/artifact_opening_prefetch
        attachment/attention_budget attachment/auto_mode attachment/auto_mode_exit
        attachment/batching_reminder attachment/batching_reminder_sent
        attachment/claude_app_notice attachment/command_permissions
        attachment/context_efficiency attachment/context_sections
        attachment/coordinator_context attachment/cowork_memory_context
        attachment/critical_system_reminder attachment/date attachment/deadline
        attachment/deferred_tools_delta attachment/deferred_tools_record
        attachment/dir_sync_notice attachment/dynamic_skill attachment/environment
        attachment/first_week attachment/fork_briefing attachment/goal_status
        attachment/instructions attachment/invoked_skills attachment/language
        attachment/mcp_instructions_delta attachment/model attachment/output_limit_note
        attachment/output_style attachment/output_style_instructions
        attachment/plan_file_reference attachment/plan_mode attachment/plan_mode_exit
        attachment/plan_mode_reentry attachment/plugin_note attachment/poll_events
        attachment/progress_reminder_sent attachment/projects_thread_ask
        attachment/prompt_render_point attachment/prompt_snapshot
        attachment/read_truncation_notice attachment/remote_session_change
        attachment/repl_mcp_needs_auth attachment/sandbox_instructions
        attachment/secondary_reminder attachment/secondary_reminder_sent
        attachment/session_context attachment/session_cron_carry
        attachment/silent_turn_reminder attachment/skill_listing attachment/task_reminder
        attachment/team_context attachment/todo attachment/todo_reminder
        attachment/token_usage attachment/tool_hosts_correction attachment/tool_hosts_notice
        attachment/tool_offer_record attachment/tool_search_usage_reminder
        attachment/total_tokens_reminder attachment/ultra_effort_enter
        attachment/ultra_effort_exit attachment/unknown_command_fallback
        attachment/workflow_size_guideline_change
    """,
    "a file's content that the client added by itself": """
        attachment/account_memory_recall attachment/compact_file_reference
        attachment/diagnostics attachment/edited_image_file attachment/edited_text_file
        attachment/inlined_image_paths attachment/nested_memory attachment/project_doc_reads
        attachment/prompt_as_file attachment/relevant_memories attachment/ultramemory
        attachment/withheld_memory
        system/memory_recall
    """,
    "the client's own state": """
        agent-color artifact-autoreact-ledger
        artifact-comment-monitor atis-latch attribution-snapshot bridge-session
        data-flow-incomplete data-flow-records derived-from dev-mods ended-by-model
        file-history-delta file-history-snapshot fork-context-ref
        history-suppression host-row hybrid-organization isolation-latch memory-mode mode
        observer-ref permission-mode relocated repl-mode resume-head-vouch
        session-owner tools-used
        system/background_tasks_changed system/bridge_state system/checkpoint_done
        system/cloud_session_delta system/cloud_session_status system/commands_changed
        system/dev_intent system/elicitation_complete system/file_snapshot system/init
        system/session_metadata system/session_state_changed system/session_title_changed
        system/shell_cwd system/start_folder system/status system/turn_duration
        system/turn_starting system/vcs_state_changed
    """,
}
LEFT_OUT = {name: reason for reason, names in _NAMES.items() for name in names.split()}
"""The reason for each name."""
