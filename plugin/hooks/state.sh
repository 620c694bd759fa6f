# The version of the plugin in $version, and the state folder of ccsync-watch in $state; 1 where there
# cannot be one. Sourced, with the plugin's folder in $plugin; runs no other program.
version=0.2.0

# Not the session's folder, in which somebody may have put a program: PATH may have `.` in it, or an
# empty entry, which means the same.
case $plugin in /* | [A-Za-z]:*) ;; *) plugin=$PWD/$plugin ;; esac
cd / || return 1

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
