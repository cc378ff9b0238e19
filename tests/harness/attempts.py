"""Real attempts under real supervisors in a directory of the test's own."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable
from typing import Any

from agent.core.environment import ATTEMPT_VARIABLE
from agent.core.lifecycle import ENDED, RUNNING, ExitRecord
from agent.core.spec import LaunchSpec
from agent.host.attempts import AttemptDirectory, AttemptStore
from agent.host.identity import ProcessIdentity
from agent.host.processes import all_processes, children, has_variable, read_process, send_signal
from agent.supervisor.policy import Policy
from agent.supervisor.template import SupervisorTemplate

WAIT_S = 20.0
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

SHORT = Policy(poll_s=0.2, sample_s=0.1, straggler_grace_s=0.2, segment_bytes=1 << 20, readopt=False)


def new_attempt_id() -> str:
    """An id that no other test has."""
    return "0" + "".join(secrets.choice(_ALPHABET) for _ in range(25)) + "-1"


def wait_until(condition: Callable[[], Any], what: str, timeout_s: float = WAIT_S) -> Any:
    """The condition's value as soon as it is true; an assertion that names it after the timeout."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain for: {what}"
        time.sleep(0.005)


class Workbench:
    """A store, a template, and what is needed to see and kill the processes of attempts."""

    def __init__(self, root: str, policy: Policy = SHORT) -> None:
        self.root = root
        self.policy = policy
        self.template = SupervisorTemplate.start(root, policy)
        self.store = AttemptStore(root)
        self.environment = {"PATH": os.environ["PATH"], "HOME": root}

    def prepare(self, argv: list[str], **fields: Any) -> str:
        """A prepared attempt with an id of its own."""
        attempt_id = new_attempt_id()
        fields.setdefault("grace_s", 0.3)
        self.store.prepare(
            LaunchSpec(attempt_id, attempt_id[:26], argv, "11111111-1111-4111-8111-111111111111", time.time(), **fields)
        )
        return attempt_id

    def launch(self, argv: list[str], **fields: Any) -> str:
        """Prepare and launch."""
        attempt_id = self.prepare(argv, **fields)
        self.template.launch(attempt_id, self.environment)
        return attempt_id

    def start(self, argv: list[str], **fields: Any) -> str:
        """Prepare, launch and wait until it runs."""
        attempt_id = self.launch(argv, **fields)
        self.wait_phase(attempt_id, RUNNING)
        return attempt_id

    def wait_phase(self, attempt_id: str, *phases: str) -> str:
        """Wait until an attempt is in one of these phases."""
        return str(
            wait_until(
                lambda: next((p for p in [self.store.phase(attempt_id)] if p in phases), None),
                f"{attempt_id} being {' or '.join(phases)}",
            )
        )

    def exit_of(self, attempt_id: str) -> ExitRecord:
        """Wait for the end and tell how it was."""
        self.wait_phase(attempt_id, ENDED)
        record = self.store.report(attempt_id).exit
        assert record is not None
        trouble = self.files(attempt_id).read("supervisor.log")
        assert trouble is None, trouble.decode()
        return record

    def run(self, argv: list[str], **fields: Any) -> ExitRecord:
        """Launch and wait for the end."""
        return self.exit_of(self.launch(argv, **fields))

    def output(self, attempt_id: str, stream: str = "stdout") -> bytes:
        """All that was kept of a stream."""
        return self.store.log_range(attempt_id, stream, 0, 1 << 40)

    def files(self, attempt_id: str) -> AttemptDirectory:
        """The attempt's directory."""
        return self.store.directory(attempt_id)

    def members(self, attempt_id: str) -> list[int]:
        """The live processes that were executed for an attempt."""
        return [p.pid for p in all_processes() if p.alive and has_variable(p.pid, ATTEMPT_VARIABLE, attempt_id)]

    def supervisor(self, attempt_id: str) -> ProcessIdentity:
        """The process that watches an attempt."""
        watcher = self.files(attempt_id).watcher()
        assert watcher is not None
        return watcher

    def pump(self, attempt_id: str) -> int | None:
        """The pump's pid: the supervisor's child that isn't the job; None in the moment between two."""
        launched = self.files(attempt_id).launch_record()
        assert launched is not None
        others = [pid for pid in children(self.supervisor(attempt_id).pid) if pid != launched.process.pid]
        processes = [read_process(pid) for pid in others if _name(pid) == "clusterdeck-out"]
        return next((process.pid for process in processes if process is not None and process.alive), None)

    def kill_supervisor(self, attempt_id: str) -> None:
        """SIGKILL to the supervisor, which takes its pump along."""
        assert send_signal(self.supervisor(attempt_id), signal.SIGKILL)
        wait_until(lambda: not self.files(attempt_id).is_supervised(), "the dead supervisor's lock being free")

    def restart_template(self) -> None:
        """What an agent that was started anew has: another template, and no ties to the older supervisors."""
        self.template.close()
        self.template = SupervisorTemplate.start(self.root, self.policy)

    def close(self) -> None:
        """End everything that was started here."""
        self.template.close()
        for attempt_id in self.store.list_ids():
            watcher = self.files(attempt_id).watcher()
            if watcher is not None:
                send_signal(watcher, signal.SIGKILL)
            for pid in self.members(attempt_id):
                os.kill(pid, signal.SIGKILL)


def _name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
