"""The job's own process: from the fork to the exec."""

from __future__ import annotations

import json
import os
import shutil
import signal
import traceback
from dataclasses import dataclass
from typing import Dict, List, Mapping, NoReturn, Optional, Tuple

from agent.core.environment import job_command, job_environment
from agent.core.failures import STAGE_COMMAND, STAGE_DIRECTORY
from agent.core.spec import LaunchSpec
from agent.host.attempts import AttemptDirectory
from agent.supervisor.keeper import FIFOS, record_trouble

_LOCK_DESCRIPTOR = 200


@dataclass(frozen=True)
class Command:
    """What to execute and in what surroundings, as bytes for the kernel."""

    argv: List[bytes]
    environment: Dict[bytes, bytes]
    workdir: bytes
    umask: int


@dataclass(frozen=True)
class ExecFailure:
    """Which step failed ("directory" or "command") and its errno."""

    stage: str
    number: int

    @staticmethod
    def from_bytes(data: bytes) -> Optional[ExecFailure]:
        """What came through the errno pipe; None for nothing: the command was executed."""
        if not data:
            return None
        stage, number = json.loads(data)
        return ExecFailure(stage, number)


def build_command(spec: LaunchSpec, attempt: AttemptDirectory, login: Mapping[str, str], umask: int) -> Command:
    """The command of an attempt in its final environment."""
    home = login.get("HOME") or os.path.expanduser("~")
    wanted = spec.workdir or home
    if wanted == "~" or wanted.startswith("~/"):
        wanted = home + wanted[1:]
    workdir = os.path.join(home, wanted)
    environment = job_environment(login, spec, attempt.path, attempt.checkpoints)
    environment["PWD"] = workdir
    argv = job_command(spec, shutil.which("bash", path=environment.get("PATH")) is not None)
    return Command(
        argv=[_encoded(argument) for argument in argv],
        environment={_encoded(name): _encoded(value) for name, value in environment.items()},
        workdir=_encoded(workdir),
        umask=umask,
    )


def fork_job(command: Command, attempt: AttemptDirectory, lock: int, watch_lock: int) -> Tuple[int, int, int]:
    """Fork the job's process, blocked until a byte is written; it ends by itself if the writer dies first.

    Returns (pid, descriptor to write the go byte to, descriptor of the errno pipe).
    """
    go_read, go_write = os.pipe()
    errno_read, errno_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_write)
        os.close(errno_read)
        # Held on to, it would make the job look watched while it is stuck before the exec.
        os.close(watch_lock)
        _become_job(command, attempt, lock, go_read, errno_write)
    os.close(go_read)
    os.close(errno_write)
    return pid, go_write, errno_read


def _become_job(command: Command, attempt: AttemptDirectory, lock: int, go: int, errno_pipe: int) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        os.setsid()
        _connect_output(attempt)
        _keep_lock(lock)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.umask(command.umask)
        if os.read(go, 1):
            _execute(command, errno_pipe)
    except OSError as error:
        _report(errno_pipe, STAGE_COMMAND, error)
    except BaseException:  # noqa: BLE001 - a fork must never return into its parent's code
        record_trouble(attempt, traceback.format_exc())
    finally:
        os._exit(127)


def _execute(command: Command, errno_pipe: int) -> None:
    stage = STAGE_DIRECTORY
    try:
        os.chdir(command.workdir)
        stage = STAGE_COMMAND
        os.execvpe(command.argv[0], command.argv, command.environment)  # noqa: S606 - no shell on purpose
    except OSError as error:
        _report(errno_pipe, stage, error)


def _report(errno_pipe: int, stage: str, error: OSError) -> None:
    os.write(errno_pipe, json.dumps([stage, error.errno]).encode("ascii"))


def _connect_output(attempt: AttemptDirectory) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for descriptor, name in zip((1, 2), FIFOS):
        # Opened anew: the job must block on a full pipe, and O_NONBLOCK belongs to the open file description.
        os.dup2(os.open(attempt.file(name), os.O_RDWR | os.O_NOFOLLOW), descriptor)


def _keep_lock(lock: int) -> None:
    """Pass the lock on, at a number that scripts which use descriptors 3 to 9 don't touch."""
    try:
        os.dup2(lock, _LOCK_DESCRIPTOR, inheritable=True)
    except OSError:
        os.set_inheritable(lock, True)  # the limit of open files is lower than that


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
