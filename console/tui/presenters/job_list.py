"""Which jobs the list shows and in which order, kept up to date with little work per change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from console.core.filters import Filter, JobFacts, facts_of, matches, parse
from console.domain.ids import JobId
from console.domain.jobs import Job, Status
from console.tui.presenters.jobs import SORT_COLUMNS, Counts, SortColumn, sort_key

_FIXED: frozenset[SortColumn] = frozenset({"number", "created"})


class JobList:
    """The arrangement of the list: filter, sort, the order that follows, and the jobs of each status."""

    def __init__(self, progress_of: Callable[[Job], float | None]) -> None:
        self.filter_text = ""
        self.sort: SortColumn = "number"
        self.descending = True
        self.order: list[JobId] = []
        self._progress_of = progress_of
        self._filter: Filter | None = None
        self._facts: dict[JobId, tuple[Job, JobFacts]] = {}
        self._keeps_facts = True
        self._shown: set[JobId] = set()
        self._statuses: dict[JobId, Status] = {}
        self._tally: Counter[Status] = Counter()

    @property
    def counts(self) -> Counts:
        """All jobs by status, whatever the filter says."""
        tally = self._tally
        return Counts(
            len(self._statuses),
            tally[Status.PENDING],
            tally[Status.RUNNING],
            tally[Status.COMPLETED],
            tally[Status.FAILED],
        )

    def set_filter(self, text: str) -> None:
        """Show only what a filter lets through; `arrange` afterwards. InvalidInput says what is wrong with it."""
        wanted = parse(text)
        self.filter_text = text.strip()
        self._filter = wanted if wanted.terms else None
        if self._filter is None:
            self._facts.clear()
        self._keeps_facts = not any(choice.test.field == "age" for term in wanted.terms for choice in term.choices)

    def next_sort(self) -> None:
        """Sort by the next column, in the direction in which people want it first."""
        self.sort_by(SORT_COLUMNS[(SORT_COLUMNS.index(self.sort) + 1) % len(SORT_COLUMNS)])

    def sort_by(self, column: SortColumn) -> None:
        """Sort by a column; the same one again turns the direction round."""
        if column == self.sort:
            self.descending = not self.descending
            return
        self.sort = column
        self.descending = column in {"number", "created", "progress"}

    def arrange(self, jobs: Mapping[JobId, Job], now: float) -> None:
        """Work everything out anew."""
        self._statuses = {job.id: job.status for job in jobs.values()}
        self._tally = Counter(self._statuses.values())
        shown = list(jobs.values())
        if self._filter is not None:
            shown = [job for job in shown if self._fits(job, now)]
        shown.sort(key=sort_key(self.sort, self._progress_of), reverse=self.descending)
        self.order = [job.id for job in shown]
        self._shown = set(self.order)

    def apply(
        self, changed: Collection[JobId], deleted: Collection[JobId], jobs: Mapping[JobId, Job], now: float
    ) -> bool:
        """Take a change in; True if the order is another one now."""
        moved = self.sort not in _FIXED and not self._shown.isdisjoint(changed)
        for job_id in deleted:
            moved |= self._drop(job_id)
        for job_id in changed:
            job = jobs.get(job_id)
            if job is None:
                moved |= self._drop(job_id)
                continue
            self._count(job)
            moved |= self._fits(job, now) is not (job_id in self._shown)
        if moved:
            self.arrange(jobs, now)
        return moved

    def _fits(self, job: Job, now: float) -> bool:
        if self._filter is None:
            return True
        known = self._facts.get(job.id)
        if known is None or known[0] is not job or not self._keeps_facts:
            # Facts are kept for the arrangements to come; an age would be another one by then.
            known = self._facts[job.id] = (job, facts_of(job, now))
        return matches(self._filter, known[1])

    def _drop(self, job_id: JobId) -> bool:
        self._facts.pop(job_id, None)
        old = self._statuses.pop(job_id, None)
        if old is not None:
            self._tally[old] -= 1
        return job_id in self._shown

    def _count(self, job: Job) -> None:
        old = self._statuses.get(job.id)
        if old is not None:
            self._tally[old] -= 1
        self._statuses[job.id] = job.status
        self._tally[job.status] += 1
