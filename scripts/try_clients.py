"""Try the plugin with versions of the client, and record what each did, for scripts/clients."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests")]

from support.ccsync_program.plugin_home import (  # noqa: E402 - found by the line above
    PluginHome,
    program_path,
)
from support.ccsync_program.repository_clone import clone_repository  # noqa: E402 - as above
from support.claude_client.api import ScriptedMessagesApi  # noqa: E402 - as above
from support.claude_client.client import ClaudeHome  # noqa: E402 - as above
from support.claude_client.install import installed_client  # noqa: E402 - as above
from support.claude_client.plugin_record import write_record  # noqa: E402 - as above
from support.claude_client.plugin_trial import try_plugin  # noqa: E402 - as above
from support.claude_client.versions import PLUGIN_VERSIONS  # noqa: E402 - as above


def main() -> int:
    """Try each client; return 1 if a trial did not end."""
    parser = argparse.ArgumentParser(
        prog="scripts/clients",
        description="Try the plugin with versions of the client, about a minute each, and write the"
        " table in plugin/README.md.",
    )
    parser.add_argument(
        "versions", nargs="*", metavar="VERSION", help=f"by default {', '.join(PLUGIN_VERSIONS)}"
    )
    versions = parser.parse_args().versions or PLUGIN_VERSIONS
    failures = 0
    with tempfile.TemporaryDirectory(prefix="ccsync-clients-") as folder:
        clone = clone_repository(Path(folder, "clone"))
        for version in versions:
            since = time.monotonic()
            root = Path(folder, version)
            with ScriptedMessagesApi() as api:
                claude = ClaudeHome(root, api.url, binary=installed_client(version)).with_env(
                    PATH=program_path(),
                    # They share compiled rules, with other runs too.
                    XDG_CACHE_HOME=os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
                )
                plugin_home = PluginHome(claude)
                try:
                    trial = try_plugin(version, plugin_home, clone)
                except (AssertionError, TimeoutError) as error:
                    print(f"{version}: {error}", file=sys.stderr)
                    failures += 1
                else:
                    print(f"{time.monotonic() - since:5.1f} s  {trial}", flush=True)
                    write_record([trial])
                finally:
                    claude.close()
                    plugin_home.close()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
