"""Track the secrets that a session reads from files made to hold them: known from then on.

The values exist in the redactor's memory alone. The store keeps the place of each line that
disclosed some, so that a new run reads them from the transcript again.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from ccsync_watch.privacy.clean import Redacting
from ccsync_watch.privacy.known.command_lines.command_reader import read_command
from ccsync_watch.privacy.known.named_sections import sections_of_secret_files
from ccsync_watch.privacy.known.printed_values import decoded_values
from ccsync_watch.privacy.known.secret_reads import disclosed_values
from ccsync_watch.privacy.known.secret_values import is_secret_file
from ccsync_watch.transcripts.result_wrappers import unwrap_result
from ccsync_watch.transcripts.tool_results import FileContent, read_file, read_result
from ccsync_watch.transcripts.tools import COMMANDS, WRITTEN, command_line, texts_under

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ccsync_watch.model import Batch, JsonValue, Part
    from ccsync_watch.privacy.policy.policy import Reads, ToolCall

_OUTPUT = re.compile(r"<(output|stdout)>\n?(.*?)\n?</\1>", re.DOTALL)


class TrackingRedactor(Redacting, Protocol):
    """A redactor to which known secrets can be added; it bounds what they take."""

    @property
    def dropped_known(self) -> int:
        """Return how many values are not known any more, to bound what all take."""
        ...

    def add_known(self, value: str, kind: str) -> None:
        """Remove this value from now on, wherever it occurs."""
        ...

    def take_known(self) -> list[str]:
        """Return the values that became known since the last call."""
        ...


class KnownSecretTracker:
    """Adds the secrets that batches disclose to a redactor."""

    def __init__(self, redactor: TrackingRedactor) -> None:
        self._redactor = redactor

    def track(self, batch: Batch, calls: Mapping[str, ToolCall]) -> frozenset[tuple[int, int]]:
        """Add the secrets in a batch; return the lines that disclosed some, as `(start, end)`.

        Call it before the batch is redacted.
        """
        disclosures: set[tuple[int, int]] = set()
        for message in batch.messages:
            for part in message.parts:
                call = calls.get(part.tool_use_id or message.id)
                values = {
                    value: kind
                    for text in _secret_file_texts(part, call)
                    for value, kind in disclosed_values(text, _reads(call)).items()
                }
                values.update(dict.fromkeys(_decoded(part, call), "file"))
                if values:
                    disclosures.add((message.start, message.end))
                    for value, kind in values.items():
                        self._redactor.add_known(value, kind)
        return frozenset(disclosures)


def _reads(call: ToolCall | None) -> Reads:
    return "variables" if call is not None and call.reads == "variables" else "secrets"


def _decoded(part: Part, call: ToolCall | None) -> set[str]:
    """Return what the command of a call decodes."""
    is_command = part.kind == "tool-call" and call is not None and call.reads == "secrets"
    if not is_command or not isinstance(part.content, dict):
        return set()
    return set().union(*map(decoded_values, texts_under(part.content, COMMANDS)))


def _secret_file_texts(part: Part, call: ToolCall | None) -> Iterable[str]:
    """Return the texts of a part that were read from, or written to, a file of secrets.

    What a command prints that prints secrets is as good as such a file. Any other text may show
    parts of such files, under their names.
    """
    content = part.content
    has_secrets = call is not None and call.reads != "anything"
    if isinstance(content, str):
        return (content,) if has_secrets else sections_of_secret_files(content)
    if not isinstance(content, dict):
        return ()
    if part.kind == "tool-call":
        return _written_texts(content, call)
    if part.kind == "tool-result":
        result = read_result(content)
        texts = map(_output_of, result.file_texts)
        if has_secrets or any(is_secret_file(path) for path in result.paths):
            return texts
        return chain.from_iterable(map(sections_of_secret_files, texts))
    file = read_file(content) if part.kind == "file" else FileContent()
    return file.texts if any(is_secret_file(path) for path in file.paths) else ()


def _written_texts(arguments: dict[str, JsonValue], call: ToolCall | None) -> Iterable[str]:
    """Return what a call writes into a file of secrets."""
    line = command_line(arguments)
    written = read_command(line).written_texts if line else ()
    has_secrets = call is not None and call.reads == "secrets"
    return (*written, *(texts_under(arguments, WRITTEN) if has_secrets else ()))


def _output_of(text: str) -> str:
    """Return what was printed, without the client's frame around it."""
    framed = _OUTPUT.search(text)
    return framed[2] if framed else unwrap_result(text).text
