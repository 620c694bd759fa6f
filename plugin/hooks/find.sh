# Find ccsync-watch. Sourced, with the plugin's folder in $plugin. `find_ccsync` sets $kind to the
# rule that found it, and $program to what is run; where it fails, $kind is empty and $absence says
# why. It runs nothing that it finds, and downloads nothing. The rules, in their order:
#   override  the path in CCSYNC_WATCH_COMMAND
#   path      `ccsync-watch` on PATH, or where installers put programs
#   tool      an environment that `uv tool install` or pipx made
#   copy      the repository that contains this plugin or that it was installed from, in an
#             environment that prepare.sh made of exactly the packages in its uv.lock
#   uvx       the published package, only if CCSYNC_WATCH_UVX is on
. "$plugin/hooks/state.sh"

find_ccsync() {
  kind= program= absence=none copy= environment=
  if [ -n "${CCSYNC_WATCH_COMMAND:-}" ]; then
    program=$CCSYNC_WATCH_COMMAND
    case $program in '~/'*) program=${HOME:-}/${program#'~/'} ;; esac
    if command -v "$program" >/dev/null 2>&1; then kind=override; else absence=override; fi
  else
    add_program_folders
    if program=$(command -v ccsync-watch 2>/dev/null); then
      kind=path
    elif find_tool_install; then
      kind=tool
    elif find_copy; then
      find_environment
    elif is_uvx_wanted && program=$(command -v uvx 2>/dev/null); then
      kind=uvx
    fi
  fi
  [ "$kind$absence" != changeable ] || program=$changeable
  [ -n "$kind" ]
}

# A client that was started from a desktop does not have the PATH of the user's shell.
add_program_folders() {
  for folder in "${UV_TOOL_BIN_DIR:-}" "${PIPX_BIN_DIR:-}" "${XDG_BIN_HOME:-}" \
    "${XDG_DATA_HOME:+$XDG_DATA_HOME/../bin}" "${HOME:+$HOME/.local/bin}" \
    "${HOME:+$HOME/.cargo/bin}" /opt/homebrew/bin /usr/local/bin; do
    # One with a colon cannot be in PATH: what follows it would be a folder of its own.
    case ${folder#[A-Za-z]:} in *:*) continue ;; esac
    case $folder in /* | [A-Za-z]:*) PATH=$PATH:$folder ;; esac
  done
  for folder in "${HOME:-}"/Library/Python/3.*/bin; do
    case $folder in *:*) break ;; esac
    [ ! -d "$folder" ] || PATH=$PATH:$folder
  done
}

find_tool_install() {
  for folder in "${UV_TOOL_DIR:-}" "${XDG_DATA_HOME:+$XDG_DATA_HOME/uv/tools}" \
    "${HOME:+$HOME/.local/share/uv/tools}" "${APPDATA:+$APPDATA/uv/data/tools}" \
    "${PIPX_HOME:+$PIPX_HOME/venvs}" "${XDG_DATA_HOME:+$XDG_DATA_HOME/pipx/venvs}" \
    "${HOME:+$HOME/.local/share/pipx/venvs}" "${HOME:+$HOME/.local/pipx/venvs}" \
    "${HOME:+$HOME/pipx/venvs}"; do
    case $folder in /* | [A-Za-z]:*) ;; *) continue ;; esac
    for program in "$folder/ccsync-watch/bin/ccsync-watch" \
      "$folder/ccsync-watch/Scripts/ccsync-watch.exe"; do
      [ ! -x "$program" ] || return 0
    done
  done
  program=
  return 1
}

# The repository: around the plugin, or where the client's marketplace has it.
find_copy() {
  for copy in "$plugin/.." "$(find_marketplace)"; do
    if is_copy "$copy" && copy=$(CDPATH='' cd -P -- "$copy" && pwd); then
      if is_private "$copy"; then absence=none; return 0; fi
      absence=changeable changeable=$copy
    fi
  done
  copy=
  return 1
}

is_copy() {
  [ -n "$1" ] && [ -f "$1/ccsync_watch/__main__.py" ] && [ -f "$1/uv.lock" ] &&
    [ -f "$1/plugin/hooks/find.sh" ] &&
    grep -q '^name = "ccsync-watch"' "$1/pyproject.toml" 2>/dev/null
}

# All of the program must be this user's or root's, and nobody else's to change: the folder around a
# plugin may be anybody's. A group's only if it is the user's own, as where each user has one.
is_private() {
  [ "${OS:-}" = Windows_NT ] || [ -z "$(find_changeable "$1" "$(id -u)" "$(id -g)" 2>&1)" ]
}

# Print what of the repository $1 somebody other than the user $2 and root can change.
find_changeable() {
  find -L "$1" "$1/uv.lock" "$1/pyproject.toml" -prune \
    \( ! \( -user 0 -o -user "$2" \) -o -perm -0002 -o -perm -0020 ! -group "$3" ! -group 0 \)
  find -L "$1/ccsync_watch" \
    \( ! \( -user 0 -o -user "$2" \) -o -perm -0002 -o -perm -0020 ! -group "$3" ! -group 0 \)
}

# An installed plugin is in …/plugins/cache/MARKETPLACE/NAME/VERSION, or its folder `plugin` is; the
# client's file says where the marketplace is.
find_marketplace() {
  case $plugin in */plugins/cache/*/*/*) ;; *) return 1 ;; esac
  name=${plugin##*/plugins/cache/}
  name=${name%%/*}
  market=$(tr -d '\r\n' <"${plugin%/plugins/cache/*}/plugins/known_marketplaces.json") || return 1
  case $market in
    *"\"$name\": {"*) market=${market#*"\"$name\": {"} ;;
    *"\"$name\":{"*) market=${market#*"\"$name\":{"} ;;
    *) return 1 ;;
  esac
  market=${market#*'"installLocation"'*'"'}
  printf '%s\n' "${market%%'"'*}" | sed 's/\\\\/\\/g'
} 2>/dev/null

# The environment's name says what it was made of: a changed copy has another one.
find_environment() {
  if [ -z "$state" ]; then absence=state; return 1; fi
  content=$(cd "$copy" && find uv.lock ccsync_watch -type f ! -name '*.py[co]' -exec cksum {} + |
    LC_ALL=C sort | cksum) || return 1
  environment=$state/program/${content%% *}
  for program in "$environment/bin/python" "$environment/Scripts/python.exe"; do
    if [ -x "$program" ] && is_own "$environment"; then kind=copy; return 0; fi
  done
  program=
  if ! command -v uv >/dev/null 2>&1; then absence=uv; else absence=unprepared; fi
  return 1
}

is_uvx_wanted() {
  case ${CCSYNC_WATCH_UVX:-} in
    1 | [Yy][Ee][Ss] | [Tt][Rr][Uu][Ee] | [Oo][Nn]) ;;
    *) return 1 ;;
  esac
}

run_ccsync() {
  # A session's are for its project's Python: with them the program may not start, or run other code.
  for name in $(export -p | sed -n -e 's/^export \(PYTHON[A-Z0-9_]*\).*/\1/p' \
    -e 's/^declare -x \(PYTHON[A-Z0-9_]*\).*/\1/p'); do
    unset "$name"
  done
  case $kind in
    copy) exec "$program" "$environment/command/ccsync-watch" "$@" ;;
    uvx) exec "$program" --quiet --from "ccsync-watch==$version" ccsync-watch "$@" ;;
    *) exec "$program" "$@" ;;
  esac
}

# Whether start.sh is preparing an environment now.
is_preparing() {
  preparing=
  [ ! -r "$state/program/preparing" ] || IFS= read -r preparing <"$state/program/preparing"
  [ -n "$preparing" ] && kill -0 "$preparing" 2>/dev/null &&
    [ -z "$(find "$state/program/preparing" -mmin +30 -o -mmin -0)" ]
}

# Print what prevents running the program, and what to do, after `find_ccsync` failed.
explain_absence() {
  case $absence in
    override)
      echo "Sync not working: CCSYNC_WATCH_COMMAND is $program, which is not a program"
      echo "  → set it to the path of ccsync-watch, or remove it; then start Claude Code again" ;;
    changeable)
      echo "Sync not working: others than you and root can change the plugin's copy of ccsync-watch,"
      echo "  so it is not run: $program"
      echo "  → give it to yourself, and run \`chmod -R go-w\` with that path; or install it elsewhere" ;;
    uv)
      echo "Sync not working: the plugin contains ccsync-watch, and uv, which runs it, is not installed"
      echo "  → install uv (https://docs.astral.sh/uv), then start Claude Code again" ;;
    state)
      echo "Sync not working: no state folder belongs to you"
      echo "  → set HOME, or CCSYNC_WATCH_HOME to the path of a folder of your own" ;;
    unprepared)
      if is_preparing || [ ! -e "$state/program/log" ]; then
        echo "Starting: uv is installing the packages of ccsync-watch's lock file, once for this version"
        echo "  → try again in a moment"
      else
        echo "Sync not working: uv could not install the packages of ccsync-watch's lock file:"
        sed -e 's/^/  /' -e 5q "$state/program/log"
        case $(sed 1q "$state/program/log") in
          '') fix="check that the disk has space" ;;
          *[Ii]nterpreter*) fix="install Python 3.10 or later, such as with \`uv python install\`" ;;
          *) fix="check the network" ;;
        esac
        echo "  → $fix; it is tried again now, and whenever a session starts"
      fi ;;
    *)
      echo "Sync not working: ccsync-watch is not installed"
      echo "  → install uv (https://docs.astral.sh/uv) and run \`uv tool install\` with the path of a clone of"
      echo "    claude-code-sync, or set CCSYNC_WATCH_COMMAND to the program; then start Claude Code again" ;;
  esac
}

# Have start.sh prepare and start ccsync-watch, detached from this process's group.
start_detached() {
  set -- "$plugin/hooks/start.sh" "$@"
  if command -v setsid >/dev/null 2>&1; then set -- setsid sh "$@"; else set -- sh "$@"; fi
  "$@" </dev/null >/dev/null 2>&1 &
}

# Print that the program, which `find_ccsync` found, did not answer.
explain_failure() {
  echo "Sync not working: $program does not run, or is of another version than this plugin, $version"
  echo "  → run \`$program status\` in a terminal to see why; reinstall it if it does not start"
}
