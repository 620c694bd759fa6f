"""What the README promises, and what shows it: a test, by its file and name, or a benchmark.

`tests/unit/test_readme.py` compares both ways: no quote that the README has no longer, no sentence
or row of a table without one, no test or benchmark that does not exist.
"""

from __future__ import annotations

_STORED = "e2e/test_spine.py::test_a_session_is_stored_with_nothing_configured"
_HOUR = "e2e/test_first_hour.py::test_a_strangers_hour"
_PLUGIN = "e2e/test_plugin_install.py::test_install_from_a_clone_run_and_uninstall"
_MISTAKES = "e2e/test_mistakes.py"
_CANARIES = "e2e/test_canaries.py::test_no_canary_leaks"
_HOST = "unit/config/test_key_binding.py::test_key_is_not_sent_to_an_address_from_elsewhere"

CLAIMS: dict[str, tuple[str, ...]] = {
    "in a dashboard that you own": (
        "e2e/test_dashboard.py::test_overview_has_the_figures_of_stats",
        "e2e/test_dashboard.py::test_conversation_shows_calls_and_subagents",
    ),
    "it also uploads the same records there in real time": (
        "e2e/test_spine.py::test_a_session_arrives_completely",
        "bench live",
    ),
    "removes secrets, and stores the rest on your machine": (_STORED, _CANARIES),
    "Claude Code never waits for it": ("bench hooks",),
    "You need Python 3.10 or later, Claude Code 1.0.41 or later": (
        "unit/test_readme.py::test_the_oldest_python_is_named",
        "unit/test_readme.py::test_the_oldest_client_is_named",
        "e2e/test_plugin_clients.py::test_the_daemon_alone_serves_a_client_without_plugins",
    ),
    "The first needs no configuration": (_STORED,),
    "the most recent first": (
        "unit/pipeline/test_pump_order.py::test_the_most_recently_written_goes_first",
    ),
    "within a fraction of a second": ("bench live",),
    "puts the program on your PATH": ("e2e/test_first_hour.py::test_program_is_installed",),
    "`ccsync-watch start` runs it in the background": (
        "e2e/test_background.py::test_start_and_stop_work_once",
        "e2e/test_service_life.py::test_systemd_runs_the_daemon",
    ),
    "With the plugin you never start the daemon by hand": (_PLUGIN,),
    "claude plugin marketplace add …": (_PLUGIN, _HOUR),
    "`claude --plugin-dir /path/to/claude-code-sync`": ("e2e/test_plugin_clients.py",),
    "none runs on your prompts or tool calls": (
        "unit/test_plugin_manifests.py::test_no_hook_runs_on_prompts_or_tool_calls",
    ),
    '`"autostart": false` switches that off': (
        "e2e/test_background.py::test_autostart_concerns_hooks_alone",
    ),
    "| `/claude-code-sync:sync-status` |": (
        "e2e/test_plugin_commands.py",
        "e2e/test_plugin_clients.py",
    ),
    "| `/claude-code-sync:sync-now` |": ("e2e/test_plugin_commands.py",),
    "each writes one small file and ends within milliseconds": (
        "bench hooks",
        "e2e/test_plugin_hook.py",
    ),
    "without your keys and Claude Code's tokens in its environment": (
        "e2e/test_clean_environment.py",
        "e2e/test_background.py::test_autostart_concerns_hooks_alone",
    ),
    "tests them, and saves them; a running daemon uses them at once": (
        f"{_MISTAKES}::test_a_working_key_is_written",
        f"{_MISTAKES}::test_what_does_not_work_is_not_written",
        "e2e/test_settings_change.py::test_login_uploads_stored_rows_and_logout_stops_uploads",
    ),
    "A second machine does the same with the same URL and key": (_HOUR,),
    "| sessions |": (
        "e2e/test_features.py::test_what_is_known_of_a_session_and_its_subagents_is_named",
    ),
    "| prompts and answers |": (
        "unit/privacy/policy/test_policy.py::test_thinking_leaves_only_when_asked_for",
        "unit/privacy/policy/test_limits.py",
    ),
    "| tool calls |": ("e2e/test_features.py::test_every_row_is_at_the_backend",),
    "| tokens and costs |": ("bench accounting", "e2e/test_accounting.py"),
    "| subagents |": ("e2e/test_spine.py::test_a_subagent_arrives_in_its_session",),
    "| **never** files |": (
        "unit/privacy/policy/test_reduction.py::test_a_files_content_is_not_kept",
    ),
    "| **never** secrets |": (
        _CANARIES,
        "e2e/test_printed_secrets.py",
        "unit/pipeline/test_known_secrets.py::test_the_content_of_a_secret_file_is_not_shown",
        "unit/privacy/test_redactor.py::test_it_fails_closed",
    ),
    "| **never** others |": (
        "e2e/test_repair.py::test_the_host_leaves_only_while_the_setting_says_so",
        "e2e/test_features.py::test_nothing_at_the_backend_names_this_machine",
        "e2e/test_own_hosts.py::test_only_the_deployment_is_asked",
        "e2e/test_own_hosts.py::test_nothing_is_asked_of_the_network_without_a_backend",
    ),
    "No program finds every secret": ("bench redaction",),
    "`preview` prints every byte that would be sent": (
        "e2e/test_commands.py::test_it_prints_what_the_backend_then_receives",
        "e2e/test_commands.py::test_it_lists_requests_and_what_was_removed",
        "e2e/test_audit.py",
        "e2e/test_repair.py",
    ),
    "later sources override earlier ones": (
        "unit/config/test_plugin_options.py::test_every_other_source_overrides_an_option",
        "unit/config/test_loading.py::test_a_later_source_overrides",
    ),
    "An API key is sent only to the host that it was set for": (
        _HOST,
        "unit/config/test_key_binding.py::test_same_host_elsewhere_receives_the_key",
        "unit/config/test_plugin_options.py::test_the_key_is_sent_to_its_own_deployment_only",
    ),
    "only you can read it": (
        "e2e/test_private_state.py",
        "unit/test_state_path.py::test_the_environment_says_where_the_state_is",
    ),
    "Without a command, `ccsync-watch` runs `run`": (_HOUR,),
    "What `--json` prints, `--schema` describes": (
        "unit/cli/test_json_schemas.py::test_the_json_is_what_the_schema_says",
    ),
    "Exit codes: 0 done": ("unit/test_readme.py::test_exit_codes_are_those_of_the_errors",),
    "`ccsync-watch dashboard` opens it": (
        "e2e/test_dashboard_attacks.py::test_command_signs_all_browsers_out_and_opens_a_page",
    ),
    "Only this machine can connect to it, and only a browser that has opened such a link": (
        "e2e/test_dashboard_attacks.py::test_link_lets_in_once",
        "e2e/test_dashboard_attacks.py::test_nothing_is_shown_without_the_cookie",
    ),
    "`?` lists all keys": (
        "e2e/test_dashboard.py::test_keys_select_in_a_list_and_help_lists_them",
    ),
    "It works without JavaScript": (
        "e2e/test_dashboard_pages.py::test_every_page_reads_without_scripts",
    ),
    "`ccsync-watch start` then replaces the running daemon and converts what is stored": (
        _HOUR,
        "unit/store/test_migrations.py",
        "unit/daemon/test_background.py::test_no_daemon_is_launched_for_a_store_of_a_newer_version",
    ),
    "`claude plugin update claude-code-sync@claude-code-sync`": (_HOUR,),
    "`claude plugin uninstall claude-code-sync@claude-code-sync`": (_HOUR,),
    "Your sessions stay in the state folder": (_HOUR,),
    "list every problem and what to do about it": (
        "e2e/test_commands.py::test_a_fresh_machine",
        "unit/cli/doctor/test_doctor.py",
    ),
    '| "No Convex URL configured" |': (
        "e2e/test_commands.py::test_without_a_backend_it_says_that_nothing_was_sent",
    ),
    '| "Connection failed" |': (
        f"{_MISTAKES}::test_a_refused_connection",
        f"{_MISTAKES}::test_a_wrong_key",
        "e2e/test_commands.py::test_an_outage_loses_nothing",
    ),
    "| sync not working |": (
        "e2e/test_background.py::test_a_hanging_daemon_is_reported",
        "e2e/test_commands.py::test_auto_sync_off_sends_nothing_until_then",
    ),
    '| "Messages rejected" |': ("e2e/test_backend_states.py",),
    "| database in use, disk full, too many open files |": (
        "unit/test_disk_faults.py",
        f"{_MISTAKES}::test_too_few_open_files_are_named_at_each_step_of_a_start",
    ),
    "| a cost with `≥`, or none |": (
        "unit/cli/commands/test_prices.py::test_the_prices_in_use_are_shown_with_their_source",
    ),
    "| the plugin's commands do nothing |": ("unit/cli/doctor/test_doctor.py",),
    "| the page says that this browser is not signed in |": (
        "e2e/test_dashboard_attacks.py::test_link_lets_in_once",
    ),
    "| sessions whose tokens, days and money are all right, of 77 hard cases |": (
        "bench accounting",
    ),
    "| generated secrets that are removed; innocent texts changed |": ("bench redaction",),
    "| what a turn of nine quick tool calls takes longer |": ("bench hooks",),
    "Measured with `scripts/bench`": ("unit/test_readme.py::test_links_lead_somewhere",),
}
