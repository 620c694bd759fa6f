# Find ccsync-watch, and set $kind to how it is run, empty if it is not found. Sourced, with
# the plugin's folder in $root. Tries an override, the installed program, the checkout that contains
# this plugin, then uvx.
find_ccsync() {
  if [ -n "${CCSYNC_WATCH_COMMAND:-}" ]; then
    kind=override; return 0
  fi
  # A client started from a desktop does not have the user's PATH: uv and pip install here.
  [ -z "${HOME:-}" ] || PATH=$PATH:$HOME/.local/bin
  if command -v ccsync-watch >/dev/null 2>&1; then
    kind=installed; return 0
  fi
  command -v uv >/dev/null 2>&1 || { kind=; return 1; }
  if [ -f "$root/../pyproject.toml" ] && [ -f "$root/../ccsync_watch/__main__.py" ]; then
    kind=checkout
  else
    kind=uvx
  fi
}
run_ccsync() {
  case $kind in
    override) exec "$CCSYNC_WATCH_COMMAND" "$@" ;;
    installed) exec ccsync-watch "$@" ;;
    checkout) exec uv run --quiet --no-dev --project "$root/.." ccsync-watch "$@" ;;
    uvx) exec uvx --quiet --from "ccsync-watch==$version" ccsync-watch "$@" ;;
  esac
}
version=0.2.0
