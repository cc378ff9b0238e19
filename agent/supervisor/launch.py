"""The life of a supervisor: launching an attempt, or adopting one whose supervisor died."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Dict, List, Optional

from agent.core.lifecycle import ExitRecord
from agent.host.attempts import WAKE_SIGNAL, AttemptDirectory, LaunchRecord, claim_launch
from agent.host.durable import reserve, write_durable, write_reserved
from agent.host.failpoints import failpoint
from agent.host.identity import ProcessIdentity, boot_id, identify, same_process
from agent.host.locks import acquire
from agent.host.syscalls import become_subreaper, set_process_name
from agent.supervisor.job import build_command, fork_job
from agent.supervisor.keeper import PumpKeeper
from agent.supervisor.policy import Surroundings
from agent.supervisor.wake import Waker
from agent.supervisor.watch import EXIT_RESERVE, Watch
from agent.supervisor.watched import AdoptedJob, ChildJob

_LOCK_STEP_S = 0.1
_LOCK_STEPS = 50
_PUMP_DEATH_S = 5.0
_SIGNATURE_BYTES = 160
_EXIT_RESERVE_BYTES = 16 << 10
_EXEC_S = 2.0
_EXEC_STEP_S = 0.005


class LaunchRefused(Exception):
    """The attempt was not launched and never will be by this call; the message says why."""


def launch(around: Surroundings, attempt_id: str, login: Dict[str, str]) -> None:
    """Launch a prepared attempt and watch it to its end. LaunchRefused before anything ran; OSError for a full disk."""
    attempt = AttemptDirectory(around.root, attempt_id)
    spec = attempt.spec()
    if spec is None:
        raise LaunchRefused(f"attempt {attempt_id} was not prepared on this node")
    os.chdir("/")
    set_process_name("clusterdeck-job")
    become_subreaper()
    waker = Waker(signal.SIGCHLD, WAKE_SIGNAL)
    lock = _take_launch_lock(attempt)
    watch_lock = acquire(attempt.file("adopt.lock"), _LOCK_STEP_S * _LOCK_STEPS)
    if watch_lock is None:
        raise LaunchRefused(f"attempt {attempt_id} is watched by somebody else")
    _sign(watch_lock)
    reserve(attempt.file(EXIT_RESERVE), _EXIT_RESERVE_BYTES)
    failpoint("launch.locked")
    if not claim_launch(attempt):
        raise LaunchRefused(f"attempt {attempt_id} was launched or revoked before")
    failpoint("launch.intent")
    pump = PumpKeeper(attempt, around.policy, close_in_pump=[lock])
    failpoint("launch.fifos")
    pump.ensure()
    command = build_command(spec, attempt, login, around.umask)
    pid, go, exec_pipe = fork_job(command, attempt, lock, watch_lock)
    failpoint("launch.forked")
    try:
        launched = _describe(pid)
        write_durable(attempt.file("pid.json"), launched.to_json().encode("ascii"))
        failpoint("launch.pid")
        if _stopped_before(attempt):
            around.notify("ended", "")
            return
        write_durable(attempt.file("gate"), json.dumps({"at": time.time()}).encode("ascii"))
        failpoint("launch.gate")
        _say_go(go)
    finally:
        # Without the go byte, this makes the job's process end without having run anything.
        os.close(go)
    failpoint("launch.go")
    job = ChildJob(launched.process)
    Watch(attempt, spec, launched, job, pump=pump, waker=waker, around=around, exec_pipe=exec_pipe).run()
    around.notify("ended", "")


def adopt(around: Surroundings, attempt_id: str) -> None:
    """Watch a live attempt whose supervisor died; returns at once where there is nothing to adopt."""
    attempt = AttemptDirectory(around.root, attempt_id)
    os.chdir("/")
    set_process_name("clusterdeck-job")
    waker = Waker(signal.SIGCHLD, WAKE_SIGNAL)
    if not os.path.isdir(attempt.path):
        return
    # A dead supervisor's pump holds the lock until the kernel has killed it as well.
    watch_lock = acquire(attempt.file("adopt.lock"), _PUMP_DEATH_S if _is_orphaned(attempt) else 0.0)
    if watch_lock is None:
        return
    spec, launched = attempt.spec(), attempt.launch_record()
    if spec is None or launched is None or not attempt.has("gate") or attempt.has("exit.json"):
        return
    if launched.process.boot_id != boot_id():
        return
    job = AdoptedJob(launched.process, attempt_id)
    pump = PumpKeeper(attempt, around.policy, close_in_pump=[])
    pump.ensure()
    if not _is_adoptable(attempt, job):
        # Lost, and it stays lost; but what it wrote last may still be in the pipes.
        pump.finish()
        pump.wait_finished(waker)
        return
    _sign(watch_lock)
    job.search()
    around.notify("adopted", "")
    Watch(attempt, spec, launched, job, pump=pump, waker=waker, around=around, exec_pipe=None).run()
    around.notify("ended", "")


def _take_launch_lock(attempt: AttemptDirectory) -> int:
    """The lock that the job inherits; refuses as soon as somebody else has passed the point of no return."""
    for _ in range(_LOCK_STEPS):
        if attempt.has("intent"):
            break
        lock = acquire(attempt.file("lock"), _LOCK_STEP_S)
        if lock is not None:
            return lock
    raise LaunchRefused(f"attempt {attempt.attempt_id} was launched or revoked before")


def _is_adoptable(attempt: AttemptDirectory, job: AdoptedJob) -> bool:
    """True if the job lives and has been executed; one that still waited for its go byte ends by itself."""
    deadline = time.monotonic() + _EXEC_S
    while attempt.is_job_alive():
        if attempt.has("started") or job.was_executed() or time.monotonic() >= deadline:
            return True
        time.sleep(_EXEC_STEP_S)
    return False


def _is_orphaned(attempt: AttemptDirectory) -> bool:
    watcher = attempt.watcher()
    return watcher is None or not same_process(watcher)


def _sign(lock: int) -> None:
    """Write into the watch lock who holds it, so that a stop can wake the holder."""
    me = _identity(os.getpid())
    text = json.dumps({"pid": me.pid, "start_time": me.start_time, "boot_id": me.boot_id})
    # Always as long, and in one call: a reader finds one whole identity, the older or the newer.
    os.pwrite(lock, text.ljust(_SIGNATURE_BYTES).encode("ascii"), 0)


def _describe(pid: int) -> LaunchRecord:
    return LaunchRecord(_identity(pid), pid, None, time.time(), time.monotonic())


def _identity(pid: int) -> ProcessIdentity:
    found = identify(pid)
    if found is None:
        raise ProcessLookupError(f"process {pid} isn't in /proc: is /proc mounted?")
    return found


def _stopped_before(attempt: AttemptDirectory) -> bool:
    """A stop that came before the go byte: ended without having run."""
    request = attempt.stop_request()
    if request is None:
        return False
    now = time.time()
    record = ExitRecord(None, None, False, request.reason, None, now, 0.0)
    write_reserved(attempt.file(EXIT_RESERVE), attempt.file("exit.json"), record.to_json().encode("utf-8"))
    return True


def _say_go(go: int) -> None:
    try:
        os.write(go, b"g")
    except BrokenPipeError:
        return  # it couldn't even get ready, and says why through the errno pipe


def run_supervisor(around: Surroundings, operation: str, attempt_id: str, login: Optional[Dict[str, str]]) -> List[str]:
    """Do what the agent asked the template for; the sentences to tell if it could not be done."""
    try:
        if operation == "launch":
            launch(around, attempt_id, login or {})
        else:
            adopt(around, attempt_id)
    except LaunchRefused as refusal:
        return [str(refusal)]
    return []
