# Make the environment of the plugin's own copy of the program: exactly the packages in its uv.lock,
# compared with their hashes, and the program's files. Sourced by start.sh after find.sh. No package
# is built and no Python downloaded, because what those would run is not in the lock file.
# The environment does not depend on the plugin's folder, which an update replaces while a daemon
# runs. It is moved to its name when it is complete.
prepare_ccsync() {
  [ "$absence" = unprepared ] || return 1
  umask 077
  folder=$state/program
  mkdir -p "$folder" && lock_preparation || return 1
  work=$folder/new.$$
  trap 'rm -rf "$work" "$folder/preparing"' EXIT
  trap 'exit 1' HUP INT TERM
  rm -rf "$folder"/new.*
  if make_environment; then rm -f "$folder/log"; fi
  rm -rf "$work" "$folder/preparing"
  trap - EXIT HUP INT TERM
  find_environment
}

make_environment() {
  # Alone in a folder, and a workspace of its own: uv would use the settings of a project around the
  # copy, and the lock file of one around the state folder that claims what is in it.
  mkdir -p "$work/project" && cp "$copy/pyproject.toml" "$copy/uv.lock" "$work/project" &&
    printf '\n[tool.uv.workspace]\n' >>"$work/project/pyproject.toml" &&
    UV_PROJECT_ENVIRONMENT=$work/environment uv sync --quiet --frozen --no-build --no-dev \
      --no-install-project --no-python-downloads --project "$work/project" \
      >"$folder/log" 2>&1 || return 1
  for packages in "$work"/environment/lib/python3*/site-packages "$work"/environment/Lib/site-packages; do
    [ ! -d "$packages" ] || break
  done
  mkdir "$work/environment/command" && cp -R "$copy/ccsync_watch" "$packages" &&
    printf '%s\n' 'import sys' 'from ccsync_watch.__main__ import main' 'sys.exit(main())' \
      >"$work/environment/command/ccsync-watch" || return 1
  # One that is there is not complete: its Python was removed.
  rm -rf "$environment" && mv "$work/environment" "$environment" && find_environment || return 1
  # For the user's terminal.
  printf '#!/bin/sh\nexec %s %s "$@"\n' "$(quote "$program")" \
    "$(quote "$environment/command/ccsync-watch")" >"$work/ccsync-watch" &&
    chmod 700 "$work/ccsync-watch" && mv -f "$work/ccsync-watch" "$folder/ccsync-watch"
}

quote() {
  printf "'%s'" "$(printf '%s\n' "$1" | sed "s/'/'\\\\''/g")"
}

# One at a time; the file names the process that prepares. Its id may have been reused.
lock_preparation() {
  is_preparing && return 1
  rm -f "$state/program/preparing"
  (set -C && printf '%s\n' "$$" >"$state/program/preparing") 2>/dev/null
}
