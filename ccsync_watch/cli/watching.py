"""The daemon in the foreground: its log, its progress bars and its banner."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from typing import TYPE_CHECKING

from ccsync_watch.cli.banner import PREPARING, show_dashboard
from ccsync_watch.cli.console import say
from ccsync_watch.cli.log_files import log_to
from ccsync_watch.cli.progress_bars import Progress
from ccsync_watch.daemon.plugin_copy import remove_other_environments
from ccsync_watch.daemon.program_files import ProgramFiles
from ccsync_watch.daemon.runtime import redactor_options
from ccsync_watch.daemon.supervisor import Supervisor
from ccsync_watch.errors import StateError
from ccsync_watch.privacy import READY, Redactor
from ccsync_watch.privacy.known.secret_values import values_in_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ccsync_watch.cli.banner import Banner
    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.daemon.instance_lock import InstanceLock
    from ccsync_watch.daemon.service_manager import ServiceManager
    from ccsync_watch.daemon.shutdown import Shutdown

log = logging.getLogger(__name__)


def watch(
    load: Callable[[], Settings],
    *,
    clock: Clock,
    lock: InstanceLock,
    shutdown: Shutdown,
    banner: Banner,
    service: ServiceManager,
    env: Mapping[str, str],
) -> bool:
    """Run until `shutdown` is requested; the secrets in `env` are known ones.

    Return whether to start again, as the program's files were replaced.
    """
    known = values_in_environment(env)
    program = ProgramFiles(clock)
    is_replaced = False

    def start(settings: Settings) -> None:
        log_to(
            settings.state_dir,
            lambda: Redactor(**redactor_options(settings, known=known), engine=READY),
        )
        banner.show(settings)
        service.report_ready()
        # Thousands of files: nothing waits for that.
        threading.Thread(
            target=remove_other_environments, args=(settings.state_dir,), daemon=True
        ).start()

    def poll() -> None:
        nonlocal is_replaced
        service.record_loop()
        if not is_replaced and program.turn():
            log.info("the program was replaced: starting again with its new files")
            is_replaced = True
            # Before its socket closes: who is hung up on sees that it comes up again.
            with contextlib.suppress(StateError):
                lock.announce(None)
            supervisor.stop()

    with Progress(sys.stderr) as progress, contextlib.closing(program):
        supervisor = Supervisor(
            load,
            clock=clock,
            lock=lock,
            on_progress=progress.show,
            on_start=start,
            on_poll=poll,
            known=known,
            problem=lambda: program.problem,
            on_dashboard=lambda link: show_dashboard(link, env),
            on_compile=lambda: say(PREPARING),
        )
        shutdown.on_request(supervisor.stop)
        supervisor.run()
    return is_replaced and not shutdown.requested.is_set()
