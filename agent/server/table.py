"""All attempts on this node as the agent knows them, and the watch over those that live."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import Callable, Dict, List, Optional

from agent.core.lifecycle import ABSENT, LAUNCHING, LIVE_PHASES, LOST, NEVER_RAN, PREPARED, REVOKED, RUNNING
from agent.host.attempts import AttemptStore
from agent.host.processes import open_pidfd
from agent.protocol.messages import Report
from agent.server.ports import Records
from agent.server.reports import Known, look

_FAST_S = 0.05
_SLOW_S = 0.5
_ORPHAN_S = 0.3
_ADOPT_AGAIN_S = 2.0

_log = logging.getLogger("agent.table")


class AttemptTable:
    """Lives in the event loop. `changed` is told of every change of phase, with the attempt's database."""

    def __init__(
        self,
        store: AttemptStore,
        records: Records,
        changed: Callable[[str, Report], None],
        adopt: Callable[[str], None],
    ) -> None:
        self._store = store
        self._records = records
        self._changed = changed
        self._adopt = adopt
        self._known: Dict[str, Known] = {}
        self._live: Dict[str, float] = {}
        self._pidfds: Dict[str, int] = {}
        self._orphans: Dict[str, float] = {}
        self._wake = asyncio.Event()

    def load(self) -> List[str]:
        """Read what is on the disk; the ids of attempts that were accepted but not launched."""
        for attempt_id in self._store.list_ids():
            self.refresh(attempt_id)
        return [attempt_id for attempt_id, known in self._known.items() if known.report.phase == PREPARED]

    def get(self, attempt_id: str) -> Optional[Known]:
        """What is known of an attempt."""
        return self._known.get(attempt_id)

    def of_database(self, database: Optional[str]) -> List[Known]:
        """The attempts of a database, of all of them for None; oldest first."""
        return [known for _, known in sorted(self._known.items()) if database in (None, known.database)]

    def live(self) -> List[Known]:
        """The attempts that hold resources."""
        return [self._known[attempt_id] for attempt_id in self._live]

    def is_quiet(self) -> bool:
        """Whether nothing runs and every end is acknowledged. What never ran has nothing that could be lost."""
        return all(
            known.is_over and (known.report.acknowledged or known.report.phase in (NEVER_RAN, REVOKED))
            for known in self._known.values()
            if known.spec is not None
        )

    def refresh(self, attempt_id: str) -> Known:
        """Look at an attempt's files now, and tell if it moved on."""
        known = look(self._store, attempt_id)
        before = self._known.get(attempt_id)
        if known.report.phase == ABSENT:
            if before is not None and before.spec is not None and not before.is_over:
                known = Known(before.spec, _vanished(attempt_id), supervised=False, stopping=False)
            else:
                self.drop(attempt_id)
                return known
        self._known[attempt_id] = known
        if known.is_over:
            self._settle(attempt_id)
        elif attempt_id not in self._live:
            self._live[attempt_id] = time.monotonic()
            self._wake.set()
        if known.report.phase in LIVE_PHASES:
            self._records.follow(attempt_id, None if known.spec is None else known.spec.hints_epochs)
            self._watch_supervisor(attempt_id)
        if before is None or before.report != known.report:
            if known.is_over:
                self._end_records(attempt_id, known)
            self._changed(known.database, known.report)
        return known

    def drop(self, attempt_id: str) -> None:
        """An attempt was removed."""
        self._settle(attempt_id)
        self._known.pop(attempt_id, None)
        self._records.drop(attempt_id)

    def wake(self) -> None:
        """Something may have happened: look at once."""
        self._wake.set()

    async def watch(self) -> None:
        """Look at the live attempts until cancelled: often while one starts or ends, else as a safety net."""
        while True:
            self._wake.clear()
            is_hot = False
            for attempt_id in list(self._live):
                try:
                    known = self.refresh(attempt_id)
                except (OSError, ValueError) as error:
                    _log.warning("attempt %s can't be read now: %s", attempt_id, error)
                    continue
                is_hot = is_hot or known.report.phase in (PREPARED, LAUNCHING) or known.stopping
                self._look_after(attempt_id, known)
                await asyncio.sleep(0)
            try:
                await asyncio.wait_for(self._wake.wait(), _FAST_S if is_hot else _SLOW_S)
                # One event often comes with more: a burst is looked at once.
                await asyncio.sleep(0.002)
            except asyncio.TimeoutError:
                continue

    def close(self) -> None:
        """Let go of the processes that are watched."""
        for attempt_id in list(self._pidfds):
            self._unwatch(attempt_id)

    def _end_records(self, attempt_id: str, known: Known) -> None:
        if known.report.started_at is not None or known.report.exit is not None:
            self._records.follow(attempt_id, None if known.spec is None else known.spec.hints_epochs)
        self._records.end(attempt_id)

    def _settle(self, attempt_id: str) -> None:
        self._live.pop(attempt_id, None)
        self._orphans.pop(attempt_id, None)
        self._unwatch(attempt_id)

    def _look_after(self, attempt_id: str, known: Known) -> None:
        """Have an attempt adopted that nobody watches."""
        if known.supervised or known.report.phase not in (LAUNCHING, RUNNING):
            self._orphans.pop(attempt_id, None)
            return
        now = time.monotonic()
        due = self._orphans.setdefault(attempt_id, now + _ORPHAN_S)
        if now >= due:
            self._orphans[attempt_id] = now + _ADOPT_AGAIN_S
            _log.info("attempt %s has no supervisor: it is adopted", attempt_id)
            self._adopt(attempt_id)

    def _watch_supervisor(self, attempt_id: str) -> None:
        if attempt_id in self._pidfds:
            return
        watcher = self._store.directory(attempt_id).watcher()
        descriptor = None if watcher is None else open_pidfd(watcher)
        if descriptor is not None:
            self._pidfds[attempt_id] = descriptor
            asyncio.get_running_loop().add_reader(descriptor, self._supervisor_ended, attempt_id)

    def _supervisor_ended(self, attempt_id: str) -> None:
        self._unwatch(attempt_id)
        self._wake.set()

    def _unwatch(self, attempt_id: str) -> None:
        descriptor = self._pidfds.pop(attempt_id, None)
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)


def _vanished(attempt_id: str) -> Report:
    return Report(attempt_id, LOST, reason="its directory on the node was removed while it ran")
