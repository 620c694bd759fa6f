# Answer /claude-code-sync:sync-status and sync-now without a turn of the model: the program
# prints the decision as JSON. If it prints nothing, the client runs the command's own text instead.
exec 2>/dev/null
root=${plugin:-$CLAUDE_PLUGIN_ROOT}
[ -r "$root/hooks/find.sh" ] || exit 0
. "$root/hooks/find.sh"
if find_ccsync; then
  (run_ccsync plugin-command --plugin-version "$version")
else
  cat >/dev/null
  printf '%s\n' '{"decision":"block","reason":"\nSync not working: ccsync-watch is not installed\n  → install uv (https://docs.astral.sh/uv) and run `uv tool install ccsync-watch`,\n    or set CCSYNC_WATCH_COMMAND to the program; then start Claude Code again","hookSpecificOutput":{"hookEventName":"UserPromptExpansion","suppressOriginalPrompt":true}}'
fi
