"""Which directories lie on a network file system, where locks and fsync can't be relied on."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

_NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smbfs", "smb2", "smb3", "9p", "afs", "coda", "ncpfs", "davfs", "wekafs"),
        *("ceph", "glusterfs", "lustre", "gpfs", "beegfs", "pvfs2", "orangefs", "panfs", "ocfs2", "gfs2"),
        *(
            "fuse.sshfs",
            "fuse.glusterfs",
            "fuse.ceph",
            "fuse.davfs",
            "fuse.s3fs",
            "fuse.rclone",
            "fuse.juicefs",
            "fuse.gcsfuse",
        ),
    )
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def type_from_mounts(path: str, mounts: str) -> str:
    """The type of the file system that an absolute path is on, by the text of /proc/self/mounts; "" if unknown."""
    target = PurePosixPath(path)
    best, kind = -1, ""
    for mount in mounts.splitlines():
        fields = mount.split(" ")
        if len(fields) < 3:
            continue
        point = PurePosixPath(_OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[1]))
        # Of two mounts on one place the later one hides the earlier.
        if target.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind


def network_type_in(path: str, mounts: str) -> str:
    """The network file system that an absolute path without symlinks is on, by such a text; "" if it is a local one."""
    kind = type_from_mounts(path, mounts)
    return kind if kind in _NETWORK else ""


def read_mounts() -> str:
    """The mount table of this process; empty where the system keeps none in /proc."""
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""  # Not Linux: the database itself will refuse what it can't lock.


def network_type(path: Path) -> str:
    """The network file system that a path is on, or will be on once it is created; "" if it is a local one."""
    return network_type_in(str(path.resolve()), read_mounts())
