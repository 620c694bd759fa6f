# One sign of life for ccsync-watch: a small file in its spool, written whole or not at all.
# Sourced by the client's `sh -c`, with the event in $event. POSIX, silent, and gone in
# milliseconds: no Python, no network, no other program. Whatever fails, nobody hears of it.
exec >/dev/null 2>&1
umask 077

version=0.1.0

case ${CCSYNC_WATCH_HOME:-} in
  '') case ${XDG_STATE_HOME:-} in
        /*) state=$XDG_STATE_HOME/ccsync-watch ;;
        *) [ -n "${HOME:-}" ] || exit 0; state=$HOME/.local/state/ccsync-watch ;;
      esac ;;
  /* | [A-Za-z]:*) state=$CCSYNC_WATCH_HOME ;;
  '~/'*) [ -n "${HOME:-}" ] || exit 0; state=$HOME/${CCSYNC_WATCH_HOME#'~/'} ;;
  *) exit 0 ;;
esac
spool=$state/signals
[ -d "$spool" ] || mkdir -p "$spool" || exit 0

# The client's line is JSON in one line, however odd its paths. At Stop it may be long, and the
# shell reads byte by byte: there the environment tells all that is needed.
id=${CLAUDE_CODE_SESSION_ID:-}
line=
if [ "$event" != Stop ] || [ -z "$id" ]; then
  IFS= read -r line || [ -n "$line" ] || exit 0
  case $line in
    *'"session_id":"'*) id=${line#*'"session_id":"'}; id=${id%%'"'*} ;;
  esac
fi
case $id in '' | [!0-9A-Za-z]* | *[!0-9A-Za-z_-]*) exit 0 ;; esac
[ "$event" != Stop ] || line="{\"hook_event_name\":\"Stop\",\"session_id\":\"$id\"}"

# Nobody reads the spool, it seems: it must not grow for ever.
set -- "$spool"/*
if [ $# -le 2000 ]; then
  # One write, ended by its newline: without it the reader takes the file for unfinished. Renaming
  # would cost as much as all the rest.
  printf '%s\n' "$line" >"$spool/$event.$id.$$"
fi

# The plugin's own options, where they are not what the daemon was told last.
if [ "$event" = SessionStart ]; then
  told= now= nl='
'
  [ ! -r "$state/plugin.options" ] || while IFS= read -r each; do told=$told$each$nl; done <"$state/plugin.options"
  for each in "convex_url=${CLAUDE_PLUGIN_OPTION_CONVEX_URL:-}" "api_key=${CLAUDE_PLUGIN_OPTION_API_KEY:-}" \
    "auto_sync=${CLAUDE_PLUGIN_OPTION_AUTO_SYNC:-}" "sync_tool_calls=${CLAUDE_PLUGIN_OPTION_SYNC_TOOL_CALLS:-}" \
    "sync_thinking=${CLAUDE_PLUGIN_OPTION_SYNC_THINKING:-}"; do
    case $each in *= | *"$nl"*) ;; *) now=$now$each$nl ;; esac
  done
  if [ "$told" != "$now" ]; then
    printf '%s' "$now" >"$state/.$$.options" && mv -f "$state/.$$.options" "$state/plugin.options"
  fi
fi

# Does a daemon of this version run? Its note tells its process id, and when that process started:
# an id may have come to another.
note=
[ ! -r "$state/daemon.json" ] || IFS= read -r note <"$state/daemon.json"
case $note in
  *'"pid":'[0-9]*)
    pid=${note#*'"pid":'}; pid=${pid%%[!0-9]*}
    if [ "${OS:-}" = Windows_NT ]; then
      [ "$event" = SessionStart ] || exit 0
    elif kill -0 "$pid"; then
      is_same=1
      case $note in
        *'"started":"'*)
          started=${note#*'"started":"'}; started=${started%%'"'*}
          stat=
          [ ! -r "/proc/$pid/stat" ] || IFS= read -r stat <"/proc/$pid/stat"
          # Words without globs: field 22 of the kernel's line, 20th after the command's name.
          if [ -n "$stat" ]; then
            set -f; set -- ${stat##*)}; set +f
            # One that ended, but that nobody has taken leave of, runs no more either.
            if [ "$1" = Z ] || [ "${20}" != "$started" ]; then is_same=; fi
          fi ;;
      esac
      if [ -n "$is_same" ]; then
        case $note in *"\"version\":\"$version\""*) exit 0 ;; esac
        [ "$event" = SessionStart ] || exit 0
      fi
    fi ;;
esac

# None does. Perhaps the user wants none: in the environment, or in the settings file, of which
# the program left word the last time (the flag is newer than the file it speaks of).
case ${CLAUDE_SYNC_AUTOSTART:-} in
  0 | [Nn][Oo] | [Ff][Aa][Ll][Ss][Ee] | [Oo][Ff][Ff]) exit 0 ;;
esac
settings=${HOME:-}/.claude-code-sync.json
if [ -e "$state/no-autostart" ]; then
  if [ ! -e "$settings" ] || [ "$state/no-autostart" -nt "$settings" ]; then exit 0; fi
fi

# Of ten that come here at the same moment one makes the mark; one that is minutes old was left
# by a start that failed.
set -C
if ! printf '' >"$state/starting"; then
  [ -n "$(find "$state/starting" -mmin +1)" ] || exit 0
  rm -f "$state/starting"
  printf '' >"$state/starting" || exit 0
fi
set +C
# A session of its own, so that it does not end with this hook's group; where there is no setsid,
# the program sees to that itself.
if command -v setsid; then set -- setsid sh; else set -- sh; fi
"$@" "$CLAUDE_PLUGIN_ROOT/hooks/start.sh" </dev/null >/dev/null 2>&1 &
exit 0
