"""The attempts on this node's disk: written so that each decision is durable, read so that the state is derived."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional

from agent.core.ids import is_attempt_id, job_of
from agent.core.lifecycle import (
    ABSENT,
    ENDED,
    FINAL_PHASES,
    INTENT_LAUNCH,
    INTENT_REVOKED,
    AttemptFacts,
    ExitRecord,
    Phase,
    RecordError,
    derive,
)
from agent.core.spec import LaunchSpec
from agent.host.durable import link_durable, make_directory, sync_directory, write_durable
from agent.host.failpoints import failpoint
from agent.host.identity import ProcessIdentity, boot_id, same_process
from agent.host.locks import is_held
from agent.host.processes import read_process, send_signal
from agent.host.segments import STREAMS, log_size, read_range

WAKE_SIGNAL = signal.SIGUSR1

_REMOVED = ".removed-"


class AttemptError(Exception):
    """An attempt can't be handled as asked; the message is a sentence for a person."""


@dataclass(frozen=True)
class LaunchRecord:
    """``pid.json``: which process the job is. ``prepared_monotonic`` is seconds on this boot's monotonic clock."""

    process: ProcessIdentity
    group: int
    cgroup: Optional[str]
    prepared_at: float
    prepared_monotonic: float

    def to_json(self) -> str:
        """The record as one JSON object."""
        return json.dumps(
            {
                "version": 1,
                "pid": self.process.pid,
                "start_time": self.process.start_time,
                "boot_id": self.process.boot_id,
                "group": self.group,
                "cgroup": self.cgroup,
                "prepared_at": self.prepared_at,
                "prepared_monotonic": self.prepared_monotonic,
            }
        )

    @staticmethod
    def from_json(text: bytes) -> LaunchRecord:
        """Read what ``to_json`` wrote; RecordError if it is something else."""
        try:
            data = json.loads(text)
            return LaunchRecord(
                ProcessIdentity(data["pid"], data["start_time"], data["boot_id"]),
                data["group"],
                data.get("cgroup"),
                data["prepared_at"],
                data["prepared_monotonic"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError(f"the record of the job's process is damaged: {error!r}") from error


@dataclass(frozen=True)
class StopRequest:
    """``stop``: somebody wants the attempt ended, why, and how many seconds SIGTERM may take."""

    reason: str
    grace_s: float


@dataclass(frozen=True)
class AttemptReport:
    """All that is known about an attempt. ``supervised`` False on a live one means: adopt it."""

    attempt_id: str
    phase: Phase
    supervised: bool = False
    spec: Optional[LaunchSpec] = None
    pid: Optional[int] = None
    started_at: Optional[float] = None
    exit: Optional[ExitRecord] = None
    log_sizes: Dict[str, int] = field(default_factory=dict)
    stop_requested: bool = False
    acknowledged: bool = False


class AttemptDirectory:
    """The files of one attempt."""

    def __init__(self, root: str, attempt_id: str, boot: Optional[Callable[[], str]] = None) -> None:
        if not is_attempt_id(attempt_id):
            raise AttemptError(f"'{attempt_id[:80]}' is not an attempt id (a ULID, a dash, a number)")
        self.root = root
        self.attempt_id = attempt_id
        self.path = os.path.join(root, "attempts", attempt_id)
        self.checkpoints = os.path.join(root, "checkpoints", job_of(attempt_id))
        self._boot = boot or boot_id

    def file(self, name: str) -> str:
        """The path of one of its files."""
        return os.path.join(self.path, name)

    def has(self, name: str) -> bool:
        """True if one of its files exists."""
        return os.path.lexists(self.file(name))

    def read(self, name: str) -> Optional[bytes]:
        """The bytes of one of its files; None if it isn't there."""
        try:
            with open(self.file(name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def facts(self) -> AttemptFacts:
        """What is there, in the order that makes it a proof.

        The intent before the lock (who wrote it held the lock), the lock before gate and exit (who freed it had
        written them).
        """
        intent = self.read("intent")
        spec = self.has("spec.json")
        held = self.is_supervised() or self.is_job_alive()
        launched = self.launch_record()
        return AttemptFacts(
            spec=spec,
            intent=None if intent is None else intent.decode("ascii", "replace").strip(),
            lock_held=held,
            gate=self.has("gate"),
            started=self.has("started"),
            exit=self.has("exit.json"),
            same_boot=launched is None or launched.process.boot_id == self._boot(),
        )

    def is_job_alive(self) -> bool:
        """True while the job's lock is held, or its main process lives (a program may close what it inherits)."""
        if is_held(self.file("lock")):
            return True
        launched = self.launch_record()
        if launched is None or launched.process.boot_id != self._boot():
            return False
        process = read_process(launched.process.pid)
        return process is not None and process.start_time == launched.process.start_time and process.alive

    def is_supervised(self) -> bool:
        """True while a live supervisor or adopter, which has signed the watch lock, watches the attempt."""
        if not is_held(self.file("adopt.lock")):
            return False
        watcher = self.watcher()
        return watcher is not None and same_process(watcher)

    def spec(self) -> Optional[LaunchSpec]:
        """The request; None if it isn't there. SpecError if it is damaged."""
        data = self.read("spec.json")
        return None if data is None else LaunchSpec.from_json(data.decode("utf-8", "replace"))

    def launch_record(self) -> Optional[LaunchRecord]:
        """Which process the job is; None before it was forked."""
        data = self.read("pid.json")
        return None if data is None else LaunchRecord.from_json(data)

    def exit_record(self) -> Optional[ExitRecord]:
        """How it ended; None before that. RecordError if it is damaged."""
        data = self.read("exit.json")
        return None if data is None else ExitRecord.from_json(data.decode("utf-8", "replace"))

    def started_at(self) -> Optional[float]:
        """When the command was executed, in Unix seconds; None if it wasn't (yet)."""
        data = self.read("started")
        return None if data is None else float(json.loads(data)["at"])

    def stop_request(self) -> Optional[StopRequest]:
        """What was asked by ``request_stop``; None if nothing was."""
        data = self.read("stop")
        if data is None:
            return None
        fields = json.loads(data)
        return StopRequest(fields["reason"], fields["grace_s"])

    def watcher(self) -> Optional[ProcessIdentity]:
        """The process that wrote its identity into the watch lock last; it may have died."""
        data = self.read("adopt.lock")
        if not data:
            return None
        try:
            fields = json.loads(data)
        except ValueError:
            return None  # seen while it is being written
        return ProcessIdentity(fields["pid"], fields["start_time"], fields["boot_id"])

    def wake_supervisor(self) -> bool:
        """Make the supervisor look at the directory now; False if there is none (it looks by itself as well)."""
        watcher = self.watcher()
        return watcher is not None and self.is_supervised() and send_signal(watcher, WAKE_SIGNAL)


class AttemptStore:
    """All attempts under ``<root>/attempts``. ``boot`` gives this boot's id; tests set another."""

    def __init__(self, root: str, boot: Optional[Callable[[], str]] = None) -> None:
        self.root = os.path.abspath(root)
        self._boot = boot or boot_id
        self._attempts = os.path.join(self.root, "attempts")
        make_directory(self._attempts)
        for name in os.listdir(self._attempts):
            if name.startswith(_REMOVED):
                shutil.rmtree(os.path.join(self._attempts, name), ignore_errors=True)

    def directory(self, attempt_id: str) -> AttemptDirectory:
        """One attempt's files; AttemptError if the id is malformed."""
        return AttemptDirectory(self.root, attempt_id, self._boot)

    def prepare(self, spec: LaunchSpec) -> Phase:
        """Accept a launch request: durable before this returns. An id that is known keeps its request and its state."""
        attempt = self.directory(spec.attempt_id)
        make_directory(attempt.path)
        failpoint("prepare.directory")
        make_directory(attempt.checkpoints)
        with contextlib.suppress(FileExistsError):
            os.symlink(os.path.relpath(attempt.checkpoints, attempt.path), attempt.file("checkpoints"))
        if not attempt.has("spec.json"):
            link_durable(attempt.file("spec.json"), spec.to_json().encode("utf-8"))
        failpoint("prepare.spec")
        return derive(attempt.facts())

    def phase(self, attempt_id: str) -> Phase:
        """The state that the files of an attempt prove."""
        return derive(self.directory(attempt_id).facts())

    def report(self, attempt_id: str) -> AttemptReport:
        """All that the files of an attempt say. SpecError or RecordError if one is damaged."""
        attempt = self.directory(attempt_id)
        phase = derive(attempt.facts())
        if phase == ABSENT:
            return AttemptReport(attempt_id, phase)
        launched = attempt.launch_record()
        return AttemptReport(
            attempt_id=attempt_id,
            phase=phase,
            supervised=attempt.is_supervised(),
            spec=attempt.spec(),
            pid=None if launched is None else launched.process.pid,
            started_at=attempt.started_at(),
            exit=attempt.exit_record() if phase == ENDED else None,
            log_sizes={stream: log_size(attempt.path, stream) for stream in STREAMS},
            stop_requested=attempt.has("stop"),
            acknowledged=attempt.has("ack"),
        )

    def list_ids(self) -> List[str]:
        """The ids of all attempts that have a directory, sorted (oldest first)."""
        return sorted(name for name in os.listdir(self._attempts) if is_attempt_id(name))

    def revoke(self, attempt_id: str) -> bool:
        """Make sure that an attempt never runs, even if its launch is still on its way; False if that came first."""
        attempt = self.directory(attempt_id)
        make_directory(attempt.path)
        link_durable(attempt.file("intent"), INTENT_REVOKED.encode("ascii"))
        return attempt.read("intent") == INTENT_REVOKED.encode("ascii")

    def request_stop(self, attempt_id: str, reason: str, grace_s: float) -> None:
        """Ask for an attempt's end: durable, so that a supervisor that isn't there now obeys later.

        A later request replaces the earlier one. AttemptError if there is no such attempt.
        """
        attempt = self._existing(attempt_id)
        request = {"reason": reason, "grace_s": grace_s, "at": time.time()}
        write_durable(attempt.file("stop"), json.dumps(request).encode("utf-8"))
        attempt.wake_supervisor()

    def acknowledge(self, attempt_id: str) -> None:
        """Note that the console has committed an attempt's end. AttemptError if there is no such attempt."""
        link_durable(self._existing(attempt_id).file("ack"), json.dumps({"at": time.time()}).encode("ascii"))

    def forget(self, attempt_id: str) -> None:
        """Remove an attempt's directory with its logs; its job's checkpoints stay.

        AttemptError if it may still run.
        """
        attempt = self._existing(attempt_id)
        phase = derive(attempt.facts())
        if phase not in FINAL_PHASES:
            raise AttemptError(f"attempt {attempt_id} is {phase}: only one that can't run any more may be removed")
        # Renamed first: a directory that is half removed must not be read as another state.
        doomed = os.path.join(self._attempts, _REMOVED + os.urandom(8).hex())
        os.rename(attempt.path, doomed)
        sync_directory(self._attempts)
        shutil.rmtree(doomed)

    def log_size(self, attempt_id: str, stream: str) -> int:
        """How many bytes of a stream ("stdout", "stderr") have been kept up to now."""
        return log_size(self.directory(attempt_id).path, self._stream(stream))

    def log_range(self, attempt_id: str, stream: str, offset: int, limit: int) -> bytes:
        """Up to ``limit`` bytes of a stream from ``offset`` on; empty at its end. LogRangeGone before its beginning."""
        if offset < 0 or limit < 0:
            raise AttemptError(f"a log is read from an offset and a limit of 0 or more, not {offset} and {limit}")
        return read_range(self.directory(attempt_id).path, self._stream(stream), offset, limit)

    def _existing(self, attempt_id: str) -> AttemptDirectory:
        attempt = self.directory(attempt_id)
        if not os.path.isdir(attempt.path):
            raise AttemptError(f"there is no attempt {attempt_id} on this node")
        return attempt

    @staticmethod
    def _stream(stream: str) -> str:
        if stream not in STREAMS:
            raise AttemptError(f"'{stream[:80]}' is not a stream: it is stdout or stderr")
        return stream


def claim_launch(attempt: AttemptDirectory) -> bool:
    """Pass the point of no return: True for the one caller that may launch this attempt, ever."""
    return link_durable(attempt.file("intent"), INTENT_LAUNCH.encode("ascii"))
