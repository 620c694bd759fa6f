# Record one hook event for ccsync-watch: a small file in its spool, written whole or not at all.
# Sourced by the client's `sh -c`, with the event's name in $event. POSIX, silent, and finished in
# milliseconds: no Python, no network, no other program. A failure never shows in the session.
exec >/dev/null 2>&1
umask 077

plugin=${plugin:-$CLAUDE_PLUGIN_ROOT}
[ -r "$plugin/hooks/state.sh" ] || exit 0
. "$plugin/hooks/state.sh" || exit 0
# The folder keeps the name that installed plugins of other versions write to.
spool=$state/signals
# Opening a pipe would wait for whoever is at its other end.
for file in daemon.json starting plugin.options no-autostart "hook.$event"; do
  [ ! -e "$state/$file" ] || [ -f "$state/$file" ] || exit 0
done
[ -d "$spool" ] || mkdir -p "$spool" || exit 0
# When it fired last, in which client, for `doctor`. A kill may leave the file empty.
printf '%s\n' "$version" "${AI_AGENT:-}" "$plugin" "${CLAUDE_PLUGIN_DATA##*/}" >"$state/hook.$event"

# The client's input is JSON in one line, whatever is in its paths. At Stop it may be long, and the
# shell reads byte by byte: there the environment has all that is needed.
id=${CLAUDE_CODE_SESSION_ID:-}
line=
if [ "$event" != Stop ] || [ -z "$id" ]; then
  IFS= read -r line
  case $line in
    *'"session_id":"'*) id=${line#*'"session_id":"'}; id=${id%%'"'*} ;;
  esac
fi
case $id in
  '' | [!0-9A-Za-z]* | *[!0-9A-Za-z_-]*) ;;
  *)
    # Without such a line, the session is read all the same; its reader accepts none of any length.
    case $event:$line in
      Stop:*) line= ;;
      *:'{'*'}') [ ${#line} -le 16000 ] || line= ;;
      *) line= ;;
    esac
    [ -n "$line" ] || line="{\"hook_event_name\":\"$event\",\"session_id\":\"$id\"}"
    # When no daemon reads the spool, it must not grow without limit.
    set -- "$spool"/*
    # One write, ended by its newline: without it the reader treats the file as unfinished. Renaming
    # would cost as much as everything else here.
    [ $# -gt 2000 ] || printf '%s\n' "$line" >"$spool/$event.$id.$$" ;;
esac

# Write the plugin's own options down for the daemon, if they differ from what is written there.
if [ "$event" = SessionStart ] && [ -n "$are_options_own" ]; then
  written= current= nl='
'
  [ ! -r "$state/plugin.options" ] || while IFS= read -r option; do written=$written$option$nl; done <"$state/plugin.options"
  for option in "convex_url=${CLAUDE_PLUGIN_OPTION_CONVEX_URL:-}" "api_key=${CLAUDE_PLUGIN_OPTION_API_KEY:-}" \
    "auto_sync=${CLAUDE_PLUGIN_OPTION_AUTO_SYNC:-}" "sync_tool_calls=${CLAUDE_PLUGIN_OPTION_SYNC_TOOL_CALLS:-}" \
    "sync_thinking=${CLAUDE_PLUGIN_OPTION_SYNC_THINKING:-}"; do
    case $option in *= | *"$nl"*) ;; *) current=$current$option$nl ;; esac
  done
  if [ "$written" != "$current" ]; then
    # Written whole, then renamed. What killed hooks left is removed by the next one, and by the daemon.
    rm -f "$spool"/options.*
    printf '%s' "$current" >"$spool/options.$$" && mv -f "$spool/options.$$" "$state/plugin.options"
  fi
fi

# Does a daemon of this version run? Its pidfile has the process id, and the time when that process
# started, because the id may have been reused.
pidfile=
[ ! -r "$state/daemon.json" ] || IFS= read -r pidfile <"$state/daemon.json"
case $pidfile in
  *'"pid":'[0-9]*)
    pid=${pidfile#*'"pid":'}; pid=${pid%%[!0-9]*}
    if [ "${OS:-}" = Windows_NT ]; then
      [ "$event" = SessionStart ] || exit 0
    elif kill -0 "$pid"; then
      is_same=1
      case $pidfile in
        *'"started":"'*)
          started=${pidfile#*'"started":"'}; started=${started%%'"'*}
          stat=
          [ ! -r "/proc/$pid/stat" ] || IFS= read -r stat <"/proc/$pid/stat"
          # Split into words, without globs: field 22 of the line, 20th after the command's name.
          if [ -n "$stat" ]; then
            set -f; set -- ${stat##*\)}; set +f
            # A zombie has ended too: its parent has just not collected it yet.
            if [ "$1" = Z ] || [ "${20}" != "$started" ]; then is_same=; fi
          fi ;;
      esac
      if [ -n "$is_same" ]; then
        case $pidfile in *"\"version\":\"$version\""*) exit 0 ;; esac
        [ "$event" = SessionStart ] || exit 0
      fi
    fi ;;
esac

# None runs. The user may not want one: the environment says so, or the settings file, for which
# the program leaves a flag (it counts while it is newer than the settings file).
case ${CLAUDE_SYNC_AUTOSTART:-} in
  0 | [Nn][Oo] | [Ff][Aa][Ll][Ss][Ee] | [Oo][Ff][Ff]) exit 0 ;;
esac
settings=${HOME:-}/.claude-code-sync.json
if [ -e "$state/no-autostart" ]; then
  if [ ! -e "$settings" ] || [ "$state/no-autostart" -nt "$settings" ]; then exit 0; fi
fi

# Of ten hooks that run at the same moment one creates the marker, and starts the daemon. One with a
# word in it was left by a start that failed; one that is a minute old too, or the clock was set back.
set -C
if ! printf '' >"$state/starting"; then
  failed=
  [ "$event" != SessionStart ] || [ ! -f "$state/starting" ] || IFS= read -r failed <"$state/starting"
  [ -n "$failed" ] || [ -n "$(find "$state/starting" -mmin +1 -o -mmin -0)" ] || exit 0
  rm -f "$state/starting"
  printf '' >"$state/starting" || exit 0
fi
set +C
# A process session of its own, so that it does not end with this hook's group; without setsid the
# program does that itself.
if command -v setsid; then set -- setsid sh; else set -- sh; fi
"$@" "$plugin/hooks/start.sh" </dev/null >/dev/null 2>&1 &
exit 0
