# Start the daemon, detached. Run by record_event.sh with all descriptors at /dev/null; with the
# argument `asked`, by one of the commands.
# A hook has the user's whole environment, API keys and the client's own tokens included; the
# daemon gets what it needs and nothing else. Secrets never appear on a command line here.
cd / || exit 0
# A variable's value may contain lines that look like names: unsetting those does no harm.
for name in $(export -p | sed -n -e 's/^export \([A-Za-z_][A-Za-z0-9_]*\).*/\1/p' \
  -e 's/^declare -x \([A-Za-z_][A-Za-z0-9_]*\).*/\1/p'); do
  case $name in
    HOME | PATH | USER | LOGNAME | SHELL | LANG | LC_ALL | LC_CTYPE | TZ | TMPDIR | TEMP | TMP) ;;
    XDG_STATE_HOME | XDG_CACHE_HOME | XDG_CONFIG_HOME | XDG_DATA_HOME | XDG_RUNTIME_DIR | XDG_BIN_HOME) ;;
    CCSYNC_WATCH_HOME | CCSYNC_WATCH_COMMAND | CCSYNC_WATCH_UVX | CLAUDE_CONFIG_DIR) ;;
    CLAUDE_SYNC_CONVEX_URL | CLAUDE_SYNC_API_KEY | CLAUDE_SYNC_AUTO | CLAUDE_SYNC_AUTOSTART) ;;
    CLAUDE_SYNC_TOOL_CALLS | CLAUDE_SYNC_THINKING | CLAUDE_SYNC_HOST) ;;
    HTTP_PROXY | HTTPS_PROXY | ALL_PROXY | NO_PROXY | http_proxy | https_proxy | all_proxy | no_proxy) ;;
    SSL_CERT_FILE | SSL_CERT_DIR | UV_CACHE_DIR | UV_PYTHON_INSTALL_DIR) ;;
    UV_TOOL_DIR | UV_TOOL_BIN_DIR | PIPX_HOME | PIPX_BIN_DIR) ;;
    SYSTEMROOT | SystemRoot | COMSPEC | APPDATA | LOCALAPPDATA | USERPROFILE | OS) ;;
    *) unset "$name" ;;
  esac
done
# After that: the environment may have a variable of this name.
plugin=${0%/hooks/*}
. "$plugin/hooks/find.sh"
. "$plugin/hooks/prepare.sh"
# What nobody asked for is prepared only where a daemon may be started; the program itself reads the
# settings properly.
is_unwanted() {
  [ "$asked" != asked ] && grep -qs '"autostart"[[:space:]]*:[[:space:]]*false' "${HOME:-}/.claude-code-sync.json"
}
asked=${1:-}
find_ccsync || { ! is_unwanted && prepare_ccsync; }
# For `doctor`, whose environment may be another one.
[ ! -d "$state" ] || printf '%s\n' "$kind" "$program" "$absence" >"$state/hook.program"
# A start that failed is tried again by the next session, not only after a while.
fail() {
  [ ! -e "$state/starting" ] || printf 'failed\n' >"$state/starting"
  exit 0
}
[ -n "$kind" ] || fail
(run_ccsync start --from-hook) || fail
