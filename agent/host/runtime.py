"""Where the agent's socket is. It may move while the agent runs: a login manager removes a user's runtime directory."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import List, Optional

from agent.host.durable import write_durable

_LONGEST_PATH = 107
_ROOM_FOR_TEMPORARY = 12
_POINTER = "agent.socket"


class RuntimeDirectoryError(OSError):
    """There is no safe directory for a socket; the message says why."""


def choose_socket(root: str) -> str:
    """The path for a new socket, in a directory that only this user can enter; it exists when this returns."""
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16] + ".sock"
    troubles: List[str] = []
    for base in _bases():
        directory = os.path.join(base, f"clusterdeck-{os.getuid()}")
        path = os.path.join(directory, name)
        if len(os.fsencode(path)) + _ROOM_FOR_TEMPORARY > _LONGEST_PATH:
            troubles.append(f"{directory} is too long a path for a socket")
            continue
        trouble = _make_private(directory)
        if trouble is None:
            return path
        troubles.append(trouble)
    raise RuntimeDirectoryError(f"there is no safe place for the agent's socket: {'; '.join(troubles)}")


def publish_socket(root: str, path: str) -> None:
    """Note where the agent listens, for those who were given another environment than it."""
    write_durable(os.path.join(root, _POINTER), os.fsencode(path))


def published_socket(root: str) -> Optional[str]:
    """Where the agent listens or listened last; None if there was none."""
    try:
        with open(os.path.join(root, _POINTER), "rb") as file:
            return os.fsdecode(file.read()) or None
    except FileNotFoundError:
        return None


def is_ours(path: str) -> bool:
    """Whether a path is a socket that belongs to this user."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid()


def _bases() -> List[str]:
    wanted = [os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.getuid()}"]
    found = [path for path in wanted if path.startswith("/") and os.path.isdir(path)]
    return [*dict.fromkeys(found), "/tmp"]  # noqa: S108 - the directory made in it is checked for owner and mode


def _make_private(directory: str) -> Optional[str]:
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        return f"{directory}: {error.strerror}"
    found = os.lstat(directory)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return f"{directory} is not a directory of this user"
    if stat.S_IMODE(found.st_mode) != 0o700:
        os.chmod(directory, 0o700)
    return None
