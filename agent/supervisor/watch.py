"""Watches one attempt from its go byte to its exit record."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import List, Optional, Set, Union

from agent.core.failures import failure_code, failure_reason
from agent.core.lifecycle import ExitRecord
from agent.core.spec import LaunchSpec
from agent.host.attempts import AttemptDirectory, LaunchRecord
from agent.host.durable import write_durable, write_reserved
from agent.host.failpoints import failpoint
from agent.supervisor.job import ExecFailure
from agent.supervisor.keeper import PumpKeeper, record_trouble
from agent.supervisor.limits import Peaks, kernel_oom_kills, uses_more_than
from agent.supervisor.policy import Surroundings
from agent.supervisor.wake import Waker
from agent.supervisor.watched import UNKNOWN, AdoptedJob, ChildJob, Outcome, signal_member

EXIT_RESERVE = "exit.reserve"

REASON_TIME_LIMIT = "time limit"
REASON_OUT_OF_MEMORY = "out of memory"

_SWEEP_S = 0.02
_SLOWEST_SWEEP_S = 0.2
_FREEZE_ABOVE = 30
_RETRY_WRITE_S = 1.0


class Ending:
    """Why and by when an attempt has to end; a later request can only bring the kill nearer."""

    def __init__(self) -> None:
        self.reason: Optional[str] = None
        self.deadline: Optional[float] = None

    def request(self, reason: str, grace_s: float, now: float) -> bool:
        """True if this is the first request."""
        first = self.reason is None
        if first:
            self.reason = reason
        until = now + max(0.0, grace_s)
        self.deadline = until if self.deadline is None else min(self.deadline, until)
        return first


class Watch:
    """One attempt under watch: its job, its pump, its limits, its end."""

    def __init__(
        self,
        attempt: AttemptDirectory,
        spec: LaunchSpec,
        launched: LaunchRecord,
        job: Union[ChildJob, AdoptedJob],
        *,
        pump: PumpKeeper,
        waker: Waker,
        around: Surroundings,
        exec_pipe: Optional[int],
    ) -> None:
        self._attempt = attempt
        self._spec = spec
        self._launched = launched
        self._job = job
        self._pump = pump
        self._waker = waker
        self._policy = around.policy
        self._notify = around.notify
        self._exec_pipe = exec_pipe
        self._failure: Optional[ExecFailure] = None
        self._must_note_start = False
        self._ending = Ending()
        self._peaks = Peaks()
        self._next_sample = time.monotonic() + around.policy.sample_s
        self._oom_kills = kernel_oom_kills()
        self._seen_stop: Optional[bytes] = None

    def run(self) -> ExitRecord:
        """Watch to the end; the record is on the disk when this returns."""
        outcome = self._until_main_ends()
        ended_at, ended_monotonic = time.time(), time.monotonic()
        reason = self._reason(outcome)
        failpoint("exit.reaped")
        stragglers = self._sweep()
        failpoint("exit.swept")
        self._finish_pump()
        failpoint("exit.drained")
        code, number = outcome.code, outcome.signal
        if self._failure is not None:
            code, number = failure_code(self._failure.stage, self._failure.number), None
        record = ExitRecord(
            code=code,
            signal=number,
            unknown=outcome.unknown and self._failure is None,
            reason=reason,
            started_at=self._attempt.started_at(),
            ended_at=ended_at,
            duration_s=max(0.0, ended_monotonic - self._launched.prepared_monotonic),
            dropped=self._pump.dropped,
            stragglers=stragglers,
            peaks=self._peaks.to_dict(),
        )
        self._record(record)
        failpoint("exit.recorded")
        return record

    def _until_main_ends(self) -> Outcome:
        while True:
            self._reap()
            self._pump.ensure()
            outcome = self._job.outcome()
            if outcome is not None:
                if self._exec_pipe is not None:
                    self._read_exec_pipe(self._exec_pipe)
                self._note_start()
                return outcome if self._is_about_the_command() else UNKNOWN
            self._note_start()
            now = time.monotonic()
            self._obey_stop(now)
            self._check_limits(now)
            self._escalate(now)
            descriptors = [fd for fd in (self._exec_pipe, self._job.descriptor()) if fd is not None]
            ready = self._waker.wait(self._patience(now), descriptors)
            if self._exec_pipe is not None and self._exec_pipe in ready:
                self._read_exec_pipe(self._exec_pipe)

    def _is_about_the_command(self) -> bool:
        """False for an adopted process that was never seen to be the command: its exit code may be our own fork's."""
        return isinstance(self._job, ChildJob) or self._attempt.has("started")

    def _patience(self, now: float) -> float:
        moments = [now + self._policy.poll_s, self._next_sample]
        if self._ending.deadline is not None:
            # Once past, SIGKILL is repeated until the process is gone: it may be busy in the kernel.
            moments.append(max(self._ending.deadline, now + 0.1))
        if self._spec.time_limit_s is not None and self._ending.reason is None:
            moments.append(self._launched.prepared_monotonic + self._spec.time_limit_s)
        if isinstance(self._job, AdoptedJob) and (self._job.descriptor() is None or not self._attempt.has("started")):
            moments.append(now + _SLOWEST_SWEEP_S)
        return max(0.0, min(moments) - now)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._pump.pid:
                self._pump.reaped(status)
            else:
                self._peaks.reaped(usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
                self._job.reaped(pid, status)

    def _read_exec_pipe(self, descriptor: int) -> None:
        """The errno pipe was closed by the exec, or says why there was none."""
        data = os.read(descriptor, 4096)
        os.close(descriptor)
        self._exec_pipe = None
        self._failure = ExecFailure.from_bytes(data)
        self._must_note_start = self._failure is None

    def _note_start(self) -> None:
        if isinstance(self._job, AdoptedJob) and not self._attempt.has("started"):
            self._must_note_start = self._job.was_executed()
        if not self._must_note_start:
            return
        try:
            write_durable(self._attempt.file("started"), json.dumps({"at": time.time()}).encode("ascii"))
        except OSError as error:
            record_trouble(self._attempt, f"can't note the start, will try again: {error}\n")
            return
        self._must_note_start = False
        failpoint("launch.started")
        self._notify("started", "")

    def _obey_stop(self, now: float) -> None:
        data = self._attempt.read("stop")
        if data is None or data == self._seen_stop:
            return
        self._seen_stop = data
        request = self._attempt.stop_request()
        if request is not None:
            self._begin_end(request.reason, request.grace_s, now)

    def _check_limits(self, now: float) -> None:
        limit = self._spec.time_limit_s
        if limit is not None and self._ending.reason is None and now - self._launched.prepared_monotonic >= limit:
            self._begin_end(REASON_TIME_LIMIT, self._spec.grace_s, now)
        if now < self._next_sample:
            return
        self._next_sample = now + self._policy.sample_s
        members = self._job.members(self._pump.pid)
        self._peaks.sample(members)
        if self._spec.memory_mib and uses_more_than(members, self._spec.memory_mib * 1024):
            self._begin_end(REASON_OUT_OF_MEMORY, 0.0, now)

    def _begin_end(self, reason: str, grace_s: float, now: float) -> None:
        first = self._ending.request(reason, grace_s, now)
        if first and grace_s > 0:
            self._job.terminate_group()

    def _escalate(self, now: float) -> None:
        if self._ending.deadline is not None and now >= self._ending.deadline:
            self._job.search()
            self._signal_members()

    def _signal_members(self) -> List[int]:
        boot = self._launched.process.boot_id
        members = self._job.members(self._pump.pid)
        if len(members) > _FREEZE_ABOVE:
            # Many may be multiplying: what is frozen forks no more, so the second list is complete sooner.
            for member in members:
                signal_member(member, boot, signal.SIGSTOP)
            members = self._job.members(self._pump.pid)
        return [member.pid for member in members if signal_member(member, boot, signal.SIGKILL)]

    def _sweep(self) -> int:
        """Wait for what outlived the main process, then kill it; how many had to be killed."""
        started = time.monotonic()
        patience = self._policy.straggler_grace_s
        if self._ending.deadline is not None:
            patience = min(patience, self._ending.deadline - started)
        killed: Set[int] = set()
        pause = _SWEEP_S
        while True:
            self._reap()
            self._pump.ensure()
            if self._job.is_empty(self._pump.pid):
                return len(killed)
            now = time.monotonic()
            if now - started >= max(0.0, patience):
                killed.update(self._signal_members())
            if now - started >= max(0.0, patience) + self._policy.straggler_give_up_s:
                record_trouble(self._attempt, "some processes don't die, not even by SIGKILL; going on without them\n")
                return len(killed)
            self._waker.wait(pause)
            pause = min(2 * pause, _SLOWEST_SWEEP_S)

    def _finish_pump(self) -> None:
        self._pump.finish()
        while not self._pump.finished:
            self._waker.wait(_SWEEP_S)
            self._reap()
            self._pump.ensure()

    def _reason(self, outcome: Outcome) -> Optional[str]:
        if self._failure is not None:
            failure = self._failure
            directory = self._spec.workdir or "~"
            command = "bash" if self._spec.setup else self._spec.argv[0]
            subject = command if failure.stage == "command" else directory
            return failure_reason(failure.stage, failure.number, subject, os.strerror(failure.number))
        if self._ending.reason is not None:
            return self._ending.reason
        if outcome.signal == signal.SIGKILL and kernel_oom_kills() > self._oom_kills:
            return REASON_OUT_OF_MEMORY
        return None

    def _record(self, record: ExitRecord) -> None:
        """An exit that isn't on the disk would make the attempt lost: a full disk is waited for."""
        data = record.to_json().encode("utf-8")
        while True:
            try:
                write_reserved(self._attempt.file(EXIT_RESERVE), self._attempt.file("exit.json"), data)
            except OSError as error:
                record_trouble(self._attempt, f"can't record the exit, will try again: {error}\n")
            if self._attempt.has("exit.json") or not os.path.isdir(self._attempt.path):
                return  # without a directory there is nobody to tell
            self._waker.wait(_RETRY_WRITE_S)
