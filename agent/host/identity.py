"""Who is who on this node: the node itself, its boot, a process."""

from __future__ import annotations

import hashlib
import os
import re
import socket
from dataclasses import dataclass
from typing import Optional

from agent.host.durable import link_durable, make_directory

_NETWORK_TYPES = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs"),
        *("panfs", "orangefs", "pvfs2", "ocfs2", "gfs2", "ncpfs", "davfs"),
    )
)
_NETWORK_FUSE = ("sshfs", "glusterfs", "s3fs", "gcsfuse", "ceph", "juicefs", "davfs", "rclone", "moosefs", "beegfs")
_OCTAL = re.compile(r"\\([0-7]{3})")


class StateDirectoryError(OSError):
    """There is no safe place for the node's state; the message says why and what to do."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A process, not to be mistaken for a later one with its pid. ``start_time`` is in clock ticks since boot."""

    pid: int
    start_time: int
    boot_id: str


def boot_id() -> str:
    """The kernel's random id of this boot."""
    return _first_line("/proc/sys/kernel/random/boot_id")


def process_start_time(pid: int) -> Optional[int]:
    """When a process started, in clock ticks since boot; None if there is none with this pid."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name is in parentheses and may itself hold spaces and parentheses.
    return int(text[text.rindex(b")") + 2 :].split()[19])


def identify(pid: int) -> Optional[ProcessIdentity]:
    """The identity of a live process (or zombie); None if there is none."""
    started = process_start_time(pid)
    return None if started is None else ProcessIdentity(pid, started, boot_id())


def same_process(identity: ProcessIdentity) -> bool:
    """True if this very process still exists (as a zombie too)."""
    return identity.boot_id == boot_id() and process_start_time(identity.pid) == identity.start_time


def node_key(fallback_directory: str) -> str:
    """A short stable name of this machine, made of its machine id and host name.

    Where the machine has no id, one is generated and kept in ``fallback_directory``.
    """
    machine = _first_line("/etc/machine-id") or _first_line("/var/lib/dbus/machine-id")
    if not machine or machine == "uninitialized":
        make_directory(fallback_directory)
        path = os.path.join(fallback_directory, "machine-id")
        link_durable(path, os.urandom(16).hex().encode())
        machine = _first_line(path)
    return hashlib.sha256(f"{machine}\n{socket.gethostname()}".encode()).hexdigest()[:16]


def filesystem_type(path: str) -> str:
    """The type of the file system that holds a path (or its nearest existing parent); "" if it can't be told."""
    real = os.path.realpath(path)
    best, kind = "", ""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            left, _, right = line.partition(" - ")
            mount = _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), left.split()[4])
            inside = real == mount or real.startswith(mount.rstrip("/") + "/")
            if inside and len(mount) >= len(best):
                best, kind = mount, right.split()[0]
    return kind


def is_network_filesystem(path: str) -> bool:
    """True where locks and fsync can't be trusted to mean what they mean on a local disk."""
    kind = filesystem_type(path)
    if kind.startswith("fuse."):
        return any(name in kind for name in _NETWORK_FUSE)
    return kind in _NETWORK_TYPES


def state_root(base: Optional[str] = None) -> str:
    """The private directory of this node's state; it exists when this returns.

    ``base`` defaults to the user's state directory, or ``/var/tmp/clusterdeck-<uid>`` where that is on a network file
    system. StateDirectoryError if the place is on a network, or belongs to somebody else.
    """
    chosen = base
    if chosen is None:
        home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
        chosen = os.path.join(home, "clusterdeck")
        if is_network_filesystem(chosen):
            chosen = f"/var/tmp/clusterdeck-{os.getuid()}"  # noqa: S108 - the owner is checked below
    if is_network_filesystem(chosen):
        raise StateDirectoryError(f"{chosen} is on a network file system: choose a directory on a local disk")
    root = os.path.join(os.path.abspath(chosen), node_key(os.path.abspath(chosen)))
    make_directory(root)
    for directory in (os.path.dirname(root), root):
        if os.lstat(directory).st_uid != os.getuid():
            raise StateDirectoryError(f"{directory} belongs to another user: choose another state directory")
    os.chmod(root, 0o700)
    return root


def _first_line(path: str) -> str:
    try:
        # As bytes, here and in what supervisors run: a text codec is imported late and costs each of them memory.
        with open(path, "rb") as file:
            return file.readline().strip().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
