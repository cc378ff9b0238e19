"""Linux calls that Python 3.9 has no name for."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from typing import Optional

SPLICE_F_MOVE = 1
SPLICE_F_NONBLOCK = 2

_F_SETPIPE_SZ = 1031
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_PIDFD_GET_INFO = 0xC040FF0B
_PIDFD_INFO_EXIT = 1 << 3
_PIDFD_INFO_SIZE = 64

_libc = ctypes.CDLL(None, use_errno=True)
_libc.splice.restype = ctypes.c_ssize_t
_libc.splice.argtypes = (
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_uint,
)
_libc.tee.restype = ctypes.c_ssize_t
_libc.tee.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_size_t, ctypes.c_uint)
_libc.prctl.restype = ctypes.c_int
_libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)


def splice(source: int, target: int, length: int) -> int:
    """Move up to ``length`` bytes from a pipe to a file at its position; OSError as the kernel gives it."""
    return _checked(_libc.splice(source, None, target, None, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK))


def tee(source: int, target: int, length: int) -> int:
    """Copy up to ``length`` bytes from a pipe to a pipe without consuming them."""
    return _checked(_libc.tee(source, target, length, SPLICE_F_NONBLOCK))


def become_subreaper() -> None:
    """Orphans among this process's descendants become its children from now on."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def die_with_parent(signal_number: int, parent: int) -> None:
    """Get a signal when the parent dies, also if it has died already."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal_number)


def set_process_name(name: str) -> None:
    """The name that ``ps`` and ``top`` show, up to 15 bytes."""
    buffer = ctypes.create_string_buffer(name.encode())
    _checked(_libc.prctl(_PR_SET_NAME, ctypes.addressof(buffer), 0, 0, 0))


def set_pipe_size(descriptor: int, size: int) -> None:
    """Ask for a larger pipe; a refusal (a user's quota of pipe pages) is fine, the pipe stays as it is."""
    try:
        fcntl.fcntl(descriptor, _F_SETPIPE_SZ, size)
    except OSError:
        return


def pidfd_wait_status(pidfd: int) -> Optional[int]:
    """The wait status of a process that has ended and was reaped by anybody; None where the kernel can't tell."""
    buffer = bytearray(_PIDFD_INFO_SIZE)
    struct.pack_into("=Q", buffer, 0, _PIDFD_INFO_EXIT)
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, buffer)
    except OSError:
        return None
    (mask,) = struct.unpack_from("=Q", buffer, 0)
    if not mask & _PIDFD_INFO_EXIT:
        return None
    (status,) = struct.unpack_from("=i", buffer, 60)
    return int(status)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
