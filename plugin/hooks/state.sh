# The version of the plugin in $version, and the state folder of ccsync-watch in $state; 1 where there
# cannot be one. Sourced, with the plugin's folder in $plugin; runs no other program.
version=0.2.0

# A project's settings can set variables for all that its sessions start. What runs here outlives the
# session and serves every project, so none may say where that sends, or what it runs: a variable that
# such a file names counts as not set. A letter that is written as \u could be part of any name.
forget_variables() {
  case $1 in *'"env"'* | *'"pluginConfigs"'* | *\\u00[4567]*) ;; *) return 0 ;; esac
  case $1 in *'"HOME"'* | *\\u00[4567]*) home= ;; esac
  case $1 in *'"CLAUDE_PLUGIN_OPTION_'* | *'"pluginConfigs"'* | *\\u00[4567]*) are_options_own= ;; esac
  case $1 in *'"PATH"'* | *\\u00[4567]*) PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin ;; esac
  for name in CCSYNC_WATCH_HOME CCSYNC_WATCH_COMMAND CCSYNC_WATCH_UVX CLAUDE_CONFIG_DIR \
    CLAUDE_SYNC_CONVEX_URL CLAUDE_SYNC_API_KEY CLAUDE_SYNC_AUTO CLAUDE_SYNC_AUTOSTART \
    CLAUDE_SYNC_TOOL_CALLS CLAUDE_SYNC_THINKING CLAUDE_SYNC_HOST XDG_STATE_HOME XDG_CACHE_HOME \
    XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR XDG_BIN_HOME HTTP_PROXY HTTPS_PROXY ALL_PROXY \
    NO_PROXY http_proxy https_proxy all_proxy no_proxy SSL_CERT_FILE SSL_CERT_DIR UV_CACHE_DIR \
    UV_PYTHON_INSTALL_DIR UV_TOOL_DIR UV_TOOL_BIN_DIR PIPX_HOME PIPX_BIN_DIR APPDATA LOCALAPPDATA; do
    case $1 in *"\"$name\""* | *\\u00[4567]*) unset "$name" ;; esac
  done
}
home=${HOME:-} are_options_own=1 project=${CLAUDE_PROJECT_DIR:-$PWD}
while :; do
  content=
  for file in "$project/.claude/settings.json" "$project/.claude/settings.local.json"; do
    [ -f "$file" ] && [ -r "$file" ] || continue
    # What cannot be read could name any of them.
    content=$content$({ command -p cat "$file" || cat "$file" || printf '%s' '\u0040'; } 2>/dev/null)
  done
  # Those of the home folder, however it is spelled, are the user's own, if it is that.
  if [ "$project/" -ef "${HOME:-/}/" ]; then
    case $content in *'"HOME"'* | *\\u00[4567]*) ;; *) content= ;; esac
  fi
  [ -z "$content" ] || forget_variables "$content"
  # The client says which folder it is; elsewhere it may be any above.
  [ -z "${CLAUDE_PROJECT_DIR:-}" ] || break
  case $project in */*) project=${project%/*} ;; *) break ;; esac
done
[ "$home" = "${HOME:-}" ] || return 1

# Not the session's folder, in which somebody may have put a program: PATH may have `.` in it, or an
# empty entry, which means the same.
case $plugin in /* | [A-Za-z]:*) ;; *) plugin=$PWD/$plugin ;; esac
cd / || return 1
# Nor can a relative path be used from here; the hook events say which folder that is.
case ${CLAUDE_CONFIG_DIR:-} in '' | /* | '~'* | [A-Za-z]:*) ;; *) unset CLAUDE_CONFIG_DIR ;; esac

# Whoever owns a folder decides what is in it.
is_own() {
  [ -O "$1" ] || [ "${OS:-}" = Windows_NT ]
}

case ${CCSYNC_WATCH_HOME:-} in
  '') case ${XDG_STATE_HOME:-} in
        /*) state=$XDG_STATE_HOME/ccsync-watch ;;
        *) state=${HOME:+$HOME/.local/state/ccsync-watch} ;;
      esac ;;
  /* | [A-Za-z]:*) state=$CCSYNC_WATCH_HOME ;;
  '~/'*) state=${HOME:+$HOME/${CCSYNC_WATCH_HOME#'~/'}} ;;
  *) state= ;;
esac
case $state in /* | [A-Za-z]:*) [ ! -e "$state" ] || is_own "$state" || state= ;; *) state= ;; esac
[ -n "$state" ]
