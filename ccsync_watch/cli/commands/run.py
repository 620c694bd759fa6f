"""Watch transcripts and sync them in the foreground (the default)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ccsync_watch.cli.arguments import add_setting_flags
from ccsync_watch.cli.banner import Banner
from ccsync_watch.cli.clean_environment import is_kept, start_again
from ccsync_watch.cli.console import say
from ccsync_watch.cli.problem_text import STOPPED
from ccsync_watch.clock import SystemClock
from ccsync_watch.config import load
from ccsync_watch.daemon.core_dumps import forbid_core_dumps
from ccsync_watch.daemon.instance_lock import InstanceLock
from ccsync_watch.daemon.priority import lower_priority
from ccsync_watch.daemon.service_manager import ServiceManager
from ccsync_watch.daemon.shutdown import Shutdown
from ccsync_watch.errors import StateError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from ccsync_watch.config import Settings

ORDER = 10
EXAMPLES = ("run", "run --sync-thinking true")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the settings that are flags."""
    add_setting_flags(parser)


def main(_arguments: argparse.Namespace, env: Mapping[str, str], flags: Mapping[str, Any]) -> int:
    """Run until Ctrl+C or SIGTERM; reload the settings when they change."""
    try:
        is_replaced = _run(env, flags)
    except StateError as error:
        error.hint = error.hint_at_start
        raise
    if is_replaced:
        start_again(env)
        return 1  # where that is not possible: a service manager starts it
    with contextlib.suppress(OSError):  # the end of the terminal may have stopped us
        say(STOPPED)
    return 0


def _run(env: Mapping[str, str], flags: Mapping[str, Any]) -> bool:
    """Run until Ctrl+C or SIGTERM; return whether to start again with other files."""
    lower_priority()
    forbid_core_dumps()
    kept = {name: value for name, value in env.items() if is_kept(name)}
    settings = load(kept, flags)
    _check_patterns(settings)
    clock = SystemClock()
    lock = InstanceLock(settings.state_dir)
    is_replaced = False
    with Shutdown(clock) as shutdown, ServiceManager(env, clock) as service:
        lock.acquire(clock.wall_ms())
        try:
            banner = Banner()
            banner.show(settings)
            # Loaded here: it takes half a second.
            from ccsync_watch.cli.watching import watch  # noqa: PLC0415 - see above

            is_replaced = watch(
                lambda: load(kept, flags),
                clock=clock,
                lock=lock,
                shutdown=shutdown,
                banner=banner,
                service=service,
                env=env,
            )
            service.is_restarting = is_replaced
        finally:
            lock.release(is_restarting=is_replaced)
    return is_replaced


def _check_patterns(settings: Settings) -> None:
    """Raise ConfigError for a mistake in a pattern, before the banner says what the daemon does."""
    if settings.redact.patterns or settings.redact.allow:
        # Loaded here: most have no patterns, and it takes a third of a second.
        from ccsync_watch.privacy.known.user_patterns import (  # noqa: PLC0415 - see above
            compile_settings,
        )

        compile_settings(settings.redact.patterns, settings.redact.allow)
