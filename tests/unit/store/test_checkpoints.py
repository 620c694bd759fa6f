"""The checkpoints of transcripts, as the pump reads them."""

from __future__ import annotations

from ccsync_watch.store.checkpoints import load_checkpoints
from support.storing import SESSION, World, checkpoint, message


def test_checkpoints_are_read_as_they_were_committed(world: World) -> None:
    """With the number that the store gave them."""
    world.ingest(message("u1"))
    (stored,) = load_checkpoints(world.database)
    assert (stored.id, stored.problem) == (1, None)
    assert stored.fingerprint == checkpoint().fingerprint
    assert (stored.stream, stored.path_key) == (checkpoint().stream, SESSION.encode())
