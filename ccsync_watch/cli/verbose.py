"""`--verbose`: what the program logs on standard error, redacted, with the place of each error."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from ccsync_watch.cli.log_files import stderr_handler
from ccsync_watch.errors import CcsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ccsync_watch.privacy import Redactor

log = logging.getLogger(__name__)


@contextlib.contextmanager
def log_verbosely(env: Mapping[str, str]) -> Iterator[None]:
    """Log everything in this block; an error with where it was raised."""

    def make_redactor() -> Redactor:
        # Loaded here: it takes half a second.
        from ccsync_watch.config import load  # noqa: PLC0415 - see above
        from ccsync_watch.daemon.runtime import redactor_options  # noqa: PLC0415 - see above
        from ccsync_watch.privacy import Redactor  # noqa: PLC0415 - see above
        from ccsync_watch.privacy.known.secret_values import (  # noqa: PLC0415 - see above
            values_in_environment,
        )

        return Redactor(**redactor_options(load(env), known=values_in_environment(env)))

    root, handler = logging.getLogger(), stderr_handler(make_redactor)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in ("asyncio", "httpcore", "filelock", "markdown_it"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    except CcsyncError as error:
        log.debug("%s", type(error).__name__, exc_info=error)
        raise
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
