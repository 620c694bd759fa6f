"""Which file system a path is on, and whether that is a drive of the network; Linux and macOS.

Python has no `statfs`: the system's list of mounts says the same.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NETWORK = {
    "9p": "9p",
    "acfs": "ACFS",
    "afpfs": "AFP",
    "afs": "AFS",
    "beegfs": "BeeGFS",
    "ceph": "Ceph",
    "cifs": "SMB",
    "davfs": "WebDAV",
    "gfs2": "GFS2",
    "glusterfs": "GlusterFS",
    "gpfs": "GPFS",
    "lustre": "Lustre",
    "ncpfs": "NCP",
    "nfs": "NFS",
    "nfs4": "NFS",
    "ocfs2": "OCFS2",
    "smb2": "SMB",
    "smb3": "SMB",
    "smbfs": "SMB",
    "webdav": "WebDAV",
}
"""File systems that are reached by a network, or shared with another machine, by their types."""
# FUSE: most of these are reached by a network. These lie on a disk of this machine.
_LOCAL_FUSE = frozenset(
    {
        "bindfs",
        "encfs",
        "exfat",
        "fuse-overlayfs",
        "fuse2fs",
        "gocryptfs",
        "lxcfs",
        "mergerfs",
        "ntfs",
        "ntfs-3g",
        "overlayfs",
        "portal",
        "unionfs",
        "zfs",
    }
)
_MOUNTS = "/proc/self/mountinfo"


def network_drive(path: str, mounts: str | None = None) -> str | None:
    """Return the kind of network drive that a path is on, None for a disk of this machine.

    None too where that is not known. `mounts` is the system's list, by default read now.
    """
    if path.startswith(("\\\\", "//")) and sys.platform == "win32":
        return "a network share"
    if mounts is None:
        mounts = _read_mounts()
    best, kind = "", ""
    real = os.path.realpath(path)
    for place, file_system in _parse(mounts):
        is_within = place in {"/", real} or real.startswith(f"{place}/")
        # The last one counts: it covers those before it.
        if is_within and len(place) >= len(best):
            best, kind = place, file_system
    return _name(kind.lower())


def _name(file_system: str) -> str | None:
    if file_system.startswith(("fuse.", "macfuse", "osxfuse")):
        name = file_system.partition(".")[2] or file_system
        return None if name in _LOCAL_FUSE else f"FUSE ({name})"
    return _NETWORK.get(file_system)


def _read_mounts() -> str:
    try:
        if sys.platform == "darwin":
            return _run_mount()
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 - a file of the system
            return file.read()
    except OSError:
        return ""


def _run_mount() -> str:
    # Loaded here: on other systems every command would load it for nothing.
    import subprocess  # noqa: PLC0415 - see above

    try:
        done = subprocess.run(["/sbin/mount"], capture_output=True, timeout=5, check=False)
    except subprocess.SubprocessError:
        return ""
    return done.stdout.decode("utf-8", "surrogateescape")


def _parse(mounts: str) -> Iterator[tuple[str, str]]:
    """Yield each mount's place and type, from Linux's list or the output of macOS's `mount`."""
    for line in mounts.splitlines():
        head, separator, tail = line.partition(" - ")
        fields, types = head.split(), tail.split()
        if separator and len(fields) > 4 and types:  # noqa: PLR2004 - Linux: the fifth is the place
            yield _unescaped(fields[4]), types[0]
            continue
        device, on, rest = line.partition(" on ")
        place, bracket, options = rest.rpartition(" (")
        if device and on and bracket:
            yield place, options.partition(",")[0].rstrip(")")


def _unescaped(place: str) -> str:
    """Return a place without Linux's escape sequences for blanks."""
    for escaped, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        place = place.replace(escaped, char)
    return place
