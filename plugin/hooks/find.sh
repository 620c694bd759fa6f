# Find ccsync-watch: sets the positional parameters to the command, or to nothing. Sourced, with
# the plugin's folder in $root. An override, the installed program, the checkout that this plugin
# lies in, then uvx.
find_ccsync() {
  if [ -n "${CCSYNC_WATCH_COMMAND:-}" ]; then
    found=override; return 0
  fi
  # A client started from a desktop has not the user's PATH: uv and pip install here.
  [ -z "${HOME:-}" ] || PATH=$PATH:$HOME/.local/bin
  if command -v ccsync-watch >/dev/null 2>&1; then
    found=installed; return 0
  fi
  command -v uv >/dev/null 2>&1 || { found=; return 1; }
  if [ -f "$root/../pyproject.toml" ] && [ -f "$root/../ccsync_watch/__main__.py" ]; then
    found=checkout
  else
    found=uvx
  fi
}
run_ccsync() {
  case $found in
    override) exec "$CCSYNC_WATCH_COMMAND" "$@" ;;
    installed) exec ccsync-watch "$@" ;;
    checkout) exec uv run --quiet --no-dev --project "$root/.." ccsync-watch "$@" ;;
    uvx) exec uvx --quiet --from "ccsync-watch==$version" ccsync-watch "$@" ;;
  esac
}
version=0.1.0
