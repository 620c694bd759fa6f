"""Composition: build store, redactor, pump, outbox and uploader from the settings. No threads."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

from ccsync_watch.accounting.priced_summaries import PricedSummaries
from ccsync_watch.accounting.prices import PriceList
from ccsync_watch.daemon.destinations import make_destination
from ccsync_watch.daemon.opening_log import log_migration, log_opening
from ccsync_watch.disk_faults import FAULTS
from ccsync_watch.errors import UnsafePath
from ccsync_watch.file_systems import network_drive
from ccsync_watch.pipeline.ahead_cleaner import AheadCleaner
from ccsync_watch.pipeline.cleaning_messages import CleaningSetup
from ccsync_watch.pipeline.daily_pruning import Retention
from ccsync_watch.pipeline.files import RealFiles
from ccsync_watch.pipeline.known_secrets import load_known_secrets
from ccsync_watch.pipeline.late_secrets import LateSecrets
from ccsync_watch.pipeline.numbered_results import correct_numbered_results
from ccsync_watch.pipeline.pruning import PruneRequest
from ccsync_watch.pipeline.pump import Pump
from ccsync_watch.pipeline.pump_config import PumpConfig
from ccsync_watch.pipeline.reapply import apply_policies, repair
from ccsync_watch.privacy import RULES_VERSION, Redactor
from ccsync_watch.privacy.known.secret_values import values_in_environment
from ccsync_watch.privacy.policy.policy import Policy
from ccsync_watch.privacy.policy.projects import Projects
from ccsync_watch.private_files import HAS_USERS, make_folder
from ccsync_watch.store import rewriting
from ccsync_watch.store.annotation_writer import restore_annotations
from ccsync_watch.store.backups import RESTORED
from ccsync_watch.store.damage import CheckLevel
from ccsync_watch.store.database import open_database
from ccsync_watch.store.install_keys import install_key
from ccsync_watch.store.meta import delete_meta, get_meta, set_meta
from ccsync_watch.store.outbox import Outbox
from ccsync_watch.store.pruned_texts import has_destination
from ccsync_watch.store.steady_time import take_origin
from ccsync_watch.uploader import Uploader
from ccsync_watch.uploader.gathering import GATHER_SECONDS
from ccsync_watch.uploader.parallelism import BACKLOG_WORKERS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import httpx

    from ccsync_watch.clock import Clock
    from ccsync_watch.config import Settings
    from ccsync_watch.store.database import Database
    from ccsync_watch.uploader import Destination

log = logging.getLogger(__name__)

_SECRET_KINDS = {"api_key": "opensync-key"}
"""What placeholders call the secret settings, where that is not their name."""


def projects_of(settings: Settings) -> Projects:
    """Return the policy of each project: what of it may be kept."""
    return Projects(exclude=settings.exclude_projects, policies=settings.projects)


def pump_config(settings: Settings, *, host: str | None = None) -> PumpConfig:
    """Return the part of the settings that a pump needs; `host` is this machine's name."""
    return PumpConfig(
        roots=tuple(map(os.fspath, settings.project_roots)),
        policy=Policy.of(settings),
        install_key=install_key(settings.state_dir),
        host=host or socket.gethostname(),
        is_released=settings.auto_sync,
        projects=projects_of(settings),
    )


def transcript_files(settings: Settings) -> RealFiles:
    """Return the file system, as far as transcripts may be read from it."""
    return RealFiles(confined=(str(folder / "projects") for folder in settings.hook_dirs))


def has_backend(settings: Settings, database: Database) -> bool:
    """Return whether the outbox is for a backend, now or before: what is queued is to be sent."""
    return settings.destination is not None or has_destination(database.read())


def rules_in_force(settings: Settings) -> str:
    """Return a value that changes with the redactor's rules, the user's own included."""
    own = repr((settings.redact.patterns, settings.redact.allow))
    # Keyed: a pattern may be the secret itself.
    key = install_key(settings.state_dir)
    mark = hashlib.blake2b(own.encode("utf-8", "surrogateescape"), key=key, digest_size=8)
    return f"{RULES_VERSION}/{mark.hexdigest()}"


def make_redactor(
    settings: Settings,
    *,
    earlier: Iterable[Settings] = (),
    known: Mapping[str, str] | None = None,
) -> Redactor:
    """Build the redactor of these settings; one thread at a time may use it.

    Its known values are `known` (None: the secrets in this process's environment), those in the
    settings, and in `earlier` ones: a key that was replaced is still valid. Its rules take seconds
    to compile, once: the result is cached in the cache folder.

    Raises ConfigError for an invalid pattern, RedactorUnavailable when it cannot be built.
    """
    return Redactor(**redactor_options(settings, earlier=earlier, known=known))


def make_knowing_redactor(settings: Settings, database: Database) -> Redactor:
    """Build the redactor that also knows what stored lines disclosed, for what reads nothing new.

    Raises what `make_redactor` does.
    """
    redactor = make_redactor(settings)
    load_known_secrets(
        pump_config(settings),
        database=database,
        redactor=redactor,
        files=transcript_files(settings),
    )
    return redactor


def redactor_options(
    settings: Settings,
    *,
    earlier: Iterable[Settings] = (),
    known: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what the redactor of `make_redactor` is built from."""
    values = dict(values_in_environment(os.environ) if known is None else known)
    for source in (*earlier, settings):
        for name, secret in source.secrets.items():
            values[secret.reveal()] = _SECRET_KINDS.get(name, name.replace("_", "-"))
    return {
        "key": install_key(settings.state_dir),
        "patterns": settings.redact.patterns,
        "allow": settings.redact.allow,
        "known": values,
        "cache": rules_folder(settings),
    }


def rules_folder(settings: Settings) -> Path | None:
    """Return the folder for the redactor's compiled rules, None where none is private."""
    return _private(settings.cache_dir) if settings.cache_dir else None


def _private(folder: Path) -> Path | None:
    """Return the folder if no other user can write to it, creating it if necessary; else None.

    Compiled rules are loaded without checks: another user's would be another user's program.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if HAS_USERS and folder.stat().st_mode & 0o022:
            return None  # not repaired: what is in it may be another user's already
        make_folder(folder)
    except (OSError, UnsafePath):
        return None
    return folder


class Runtime:
    """The parts, built from the settings; `close` closes them.

    The caller holds the state folder's lock. Without `is_uploading` it has no destination,
    and the outbox stays as it is. Raises StateError, ConfigError, RedactorUnavailable.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        redactor: Redactor | None = None,
        transport: httpx.BaseTransport | None = None,
        host: str | None = None,
        is_uploading: bool = True,
        check_level: CheckLevel = CheckLevel.QUICK,
        early: subprocess.Popen[bytes] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.stop = threading.Event()
        self.roots = tuple(map(os.fspath, settings.project_roots))
        self.install_key = install_key(settings.state_dir)
        self.redactor = redactor or make_redactor(settings)
        self.database = open_database(
            settings.state_dir,
            now_ms=clock.wall_ms(),
            on_progress=log_migration(),
            level=check_level,
        )
        if drive := network_drive(str(settings.state_dir)):
            fault = FAULTS["network"]
            detail = fault.detail.format(folder=settings.state_dir, drive=drive)
            log.warning("%s: %s", detail, fault.hint)
        log_opening(self.database)
        if aside := restore_annotations(self.database, now_ms=clock.wall_ms()):
            log.error("the file of stars, tags and notes was damaged: it is kept as %s", aside.name)
        take_origin(self.database, clock)
        self.outbox = Outbox(self.database, is_host_sent=settings.sync_host)
        self._destination = self._make_destination(transport) if is_uploading else None
        if self._destination is not None:
            # Before any row is changed: it says when a changed one may be sent again.
            self.outbox.set_resend_delay(self._destination.resend_delay_ms)
        self._apply_current_policies(self.redactor)
        correct_numbered_results(
            self.database, redactor=self.redactor, clock=clock, is_released=settings.auto_sync
        )
        self.uploader = self._make_uploader(self._destination) if self._destination else None
        self.pump = Pump(
            pump_config(settings, host=host),
            database=self.database,
            redactor=self.redactor,
            files=transcript_files(settings),
            clock=clock,
            on_commit=self.uploader.wake_one if self.uploader else lambda: None,
            ahead=self._make_ahead_cleaner(early),
        )
        self.late_secrets = LateSecrets(
            self.database,
            redactor=self.redactor,
            install_key=self.install_key,
            clock=clock,
            is_released=settings.auto_sync,
        )
        self.retention = self._make_retention()

    def _make_ahead_cleaner(self, early: subprocess.Popen[bytes] | None) -> AheadCleaner | None:
        """Return what cleans a long backlog; None where its process would compile the rules."""
        settings = self.settings
        options = redactor_options(settings, known={})
        if options["cache"] is None:
            return None
        options["known"] = {}  # it gets those of the redactor here
        setup = CleaningSetup(
            Policy.of(settings),
            projects_of(settings),
            redactor=options,
            state_dir=settings.state_dir.absolute(),
            files=transcript_files(settings),
        )
        return AheadCleaner(setup, self.redactor, clock=self.clock, early=early)

    def _make_retention(self) -> Retention | None:
        chosen = self.settings.retention
        if chosen is None:
            return None
        return Retention(
            self.database,
            PruneRequest(chosen.max_age_days, chosen.max_bytes),
            files=transcript_files(self.settings),
            roots=self.roots,
            install_key=self.install_key,
            has_backend=has_backend(self.settings, self.database),
            clock=self.clock,
        )

    def _apply_current_policies(self, redactor: Redactor) -> None:
        """Apply the current project policies to what is stored, before any of it is uploaded."""
        has_mark = get_meta(self.database.read(), "rules") is not None
        if not has_mark and not rewriting.count_messages(self.database):
            with self.database.write() as connection:
                set_meta(connection, "rules", rules_in_force(self.settings))
        policies = repr((self.settings.exclude_projects, self.settings.projects))
        mark = hashlib.sha256(policies.encode("utf-8", "surrogateescape")).hexdigest()
        # A repair may have applied rules after the copy that is in use was written.
        is_restored = get_meta(self.database.read(), RESTORED) is not None
        rules = rules_in_force(self.settings)
        is_older = is_restored and get_meta(self.database.read(), "rules") != rules
        if get_meta(self.database.read(), "projects") == mark and not is_restored:
            return
        needs_repair = apply_policies(
            self.database,
            projects_of(self.settings),
            clock=self.clock,
            is_released=self.settings.auto_sync,
        )
        if needs_repair or is_older:
            repair(
                self.database,
                redactor=redactor,
                clock=self.clock,
                is_released=self.settings.auto_sync,
            )
        with self.database.write() as connection:
            set_meta(connection, "projects", mark)
            if is_restored:
                set_meta(connection, "rules", rules)
                delete_meta(connection, RESTORED)

    def _make_destination(self, transport: httpx.BaseTransport | None) -> Destination | None:
        return make_destination(
            self.settings,
            outbox=self.outbox,
            summaries=PricedSummaries(self.database, PriceList.from_settings(self.settings)),
            clock=self.clock,
            transport=transport,
        )

    def _make_uploader(self, destination: Destination) -> Uploader:
        if self.outbox.set_destination(destination.address, now_ms=self.clock.steady_ms()):
            log.info("another destination: what it does not have is sent to it")
        self.outbox.update_headers(
            now_ms=self.clock.steady_ms(), is_released=self.settings.auto_sync
        )
        if self.settings.auto_sync:
            self.outbox.release(None)
        else:
            self.outbox.hold()
        self.outbox.retry_rejected(is_released=self.settings.auto_sync)
        return Uploader(
            destination,
            outbox=self.outbox,
            clock=self.clock,
            stop=self.stop,
            gather_seconds=GATHER_SECONDS,
            backlog_workers=BACKLOG_WORKERS,
        )

    def close(self) -> None:
        """Close connections and database; the runtime cannot be used afterwards."""
        self.stop.set()
        self.pump.close()
        if self.uploader is not None:
            self.uploader.wake_all()
        if self._destination is not None:
            self._destination.close()
        self.database.close()
