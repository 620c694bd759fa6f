# The version of the plugin in $version, and the state folder of ccsync-watch in $state; 1 where there
# cannot be one. Sourced; runs no other program.
version=0.2.0

case ${CCSYNC_WATCH_HOME:-} in
  '') case ${XDG_STATE_HOME:-} in
        /*) state=$XDG_STATE_HOME/ccsync-watch ;;
        *) state=${HOME:+$HOME/.local/state/ccsync-watch} ;;
      esac ;;
  /* | [A-Za-z]:*) state=$CCSYNC_WATCH_HOME ;;
  '~/'*) state=${HOME:+$HOME/${CCSYNC_WATCH_HOME#'~/'}} ;;
  *) state= ;;
esac
[ -n "$state" ]
