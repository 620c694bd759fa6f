"""A network drive is detected by the system's list of mounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ccsync_watch.file_systems import network_drive

if TYPE_CHECKING:
    from pathlib import Path

LINUX = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 21 0:40 / /home rw,relatime shared:2 - nfs4 server:/export/home rw,vers=4.2,sec=sys
41 40 0:41 / /home/ann/local rw - btrfs /dev/sdb1 rw
42 21 0:42 / /mnt/old\\040share rw master:1 - cifs //server/share rw
43 21 0:43 / /srv/remote rw - fuse.sshfs ann@server: rw
44 21 0:44 / /srv/ntfs rw - fuse.ntfs-3g /dev/sdc1 rw
45 21 0:45 / /mnt/c rw - 9p drvfs rw,aname=drvfs
46 21 0:46 / /srv/block rw - fuseblk /dev/sdd1 rw
47 21 0:47 / /srv/twice rw - nfs server:/twice rw
48 47 0:48 / /srv/twice rw - tmpfs tmpfs rw
"""
MACOS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//ann@server/home on /Volumes/home (smbfs, nodev, nosuid, mounted by ann)
server:/export on /Volumes/Old (1) (nfs)
sshfs on /Volumes/remote (macfuse, nodev, nosuid)
"""


@pytest.mark.parametrize(
    ("path", "drive"),
    [
        ("/", None),
        ("/var/lib/x", None),
        ("/home", "NFS"),
        ("/home/ann/.local/state", "NFS"),
        ("/home/ann/local/state", None),
        ("/homework", None),
        ("/mnt/old share/x", "SMB"),
        ("/srv/remote/x", "FUSE (sshfs)"),
        ("/srv/ntfs/x", None),
        ("/mnt/c/Users", "9p"),
        ("/srv/block/x", None),
        ("/srv/twice/x", None),
    ],
)
def test_linux(path: str, drive: str | None) -> None:
    """The longest place counts, and of two at one place the last."""
    assert network_drive(path, LINUX) == drive


@pytest.mark.parametrize(
    ("path", "drive"),
    [
        ("/Users/ann", None),
        ("/Volumes/home/x", "SMB"),
        ("/Volumes/Old (1)/x", "NFS"),
        ("/Volumes/remote", "FUSE (macfuse)"),
    ],
)
def test_macos(path: str, drive: str | None) -> None:
    """As `mount` prints it."""
    assert network_drive(path, MACOS) == drive


@pytest.mark.parametrize("mounts", ["", "junk", "a - b\n", "on (", "\n\n"])
def test_an_unknown_list_says_nothing(mounts: str) -> None:
    """It is not a reason to warn."""
    assert network_drive("/home", mounts) is None


def test_a_link_is_followed(tmp_path: Path) -> None:
    """What counts is where the files are."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    mounts = f"40 21 0:40 / {tmp_path.resolve()}/real rw - nfs4 server:/x rw"
    assert network_drive(str(tmp_path / "link" / "x"), mounts) == "NFS"


def test_the_list_is_that_of_the_system() -> None:
    """What the system itself is on is known to be on this machine."""
    assert network_drive("/proc") is None
