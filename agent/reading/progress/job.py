"""From the counts of one stream to the fraction of the whole job.

Counters are nested: an outer one (epochs) and inner ones (batches) that start anew for each outer step. What tells
them apart is how they move: a counter that starts anew is inner; an inner one belongs to the outer one that it went
round with, once per step of it, so an evaluation's bar doesn't. A job whose outer total nobody said has no fraction.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Optional

from agent.reading.progress.count import BAR, EPOCH, RECORD, STEP, TOTAL, Count
from agent.reading.progress.words import INNER_WORDS

MOST = 0.99
"""What is claimed at most: saving and the last evaluation may still come, and only the job's end is its end."""

_COUNTERS = 32
"""Counters that are remembered; bars beyond these are not looked at."""


@dataclass
class _Counter:
    n: float
    total: Optional[float]
    kind: str
    rounds: int = 0
    """How often it started anew."""
    epoch: float = -1.0
    """The epoch in which it moved last."""
    is_side: bool = False
    spans_epochs: bool = False
    """It went on where it was when an epoch began: it counts the whole job."""

    @property
    def part(self) -> float:
        return min(self.n / self.total, 1.0) if self.total else 0.0


@dataclass
class Totals:
    """What was said about the whole job in any stream: shared between the streams of an attempt."""

    epochs: Optional[float] = None
    steps: Optional[float] = None
    typed_epochs: Optional[float] = None
    epochs_are_parts: bool = False
    """Epochs are told as 0.25, 0.5, …: then a bar that runs meanwhile counts the whole job, as the Trainer's does."""

    @property
    def all_epochs(self) -> Optional[float]:
        """The log's own word goes before what the person typed: a script may not heed it."""
        return self.epochs if self.epochs is not None else self.typed_epochs


class JobProgress:
    """Follows the counts of one stream."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals
        self._counters: Dict[str, _Counter] = {}
        self._epoch = -1.0
        self._epoch_ended = False
        self._inner = ""
        self._epoch_part = 0.0
        self._from_zero = False

    def see(self, counts: List[Count], *, has_values: bool) -> Optional[float]:
        """Take one frame's counts; the fraction of the whole job now, or None where it can't be known.

        `has_values`: the text also reports metrics. `Epoch 3/10` with a loss comes at the end of an epoch, without
        one at its start.
        """
        moved = False
        for count in counts:
            if count.kind == TOTAL:
                self._say(count)
        steps = [c for c in counts if c.kind in (STEP, BAR) and not c.is_aside]
        for count in counts:
            if count.kind == EPOCH:
                self._see_epoch(count, ended=has_values and not steps)
                moved = True
        for count in steps:
            moved = self._see_step(count, beside_epoch=any(c.kind == EPOCH for c in counts)) or moved
        if not moved:
            return None
        fraction = self._fraction()
        return None if fraction is None else max(0.0, min(fraction, MOST))

    def global_step(self, counts: List[Count]) -> Optional[float]:
        """The step that a frame stands for in the whole job, so that curves don't fold back at each epoch."""
        step = next((c for c in counts if c.kind in (STEP, BAR) and not c.is_aside), None)
        if step is None:
            return None
        counter = self._counters.get(step.kind + step.key)
        if counter is None or counter.total is None or counter.spans_epochs:
            return step.n
        before = max(counter.rounds, self._epoch if any(c.kind == EPOCH for c in counts) else 0)
        return before * counter.total + step.n if before > 0 else step.n

    def _say(self, count: Count) -> None:
        if count.key == EPOCH:
            self._totals.epochs = count.n
        else:
            self._totals.steps = count.n

    def _see_epoch(self, count: Count, *, ended: bool) -> None:
        is_bar = count.key == "bar"
        if count.total is not None:
            self._totals.epochs = count.total
        if count.key == RECORD and (self._totals.epochs_are_parts or not count.n.is_integer()):
            self._totals.epochs_are_parts = True
            self._epoch, self._epoch_ended, self._inner, self._epoch_part = count.n, False, "", 0.0
            return
        if count.n == 0 and not is_bar:
            self._from_zero = True
        begun = count.n if is_bar or self._from_zero else count.n - 1
        if begun != self._epoch:
            self._inner, self._epoch_part = "", 0.0
        self._epoch = begun
        self._epoch_ended = ended and not is_bar

    def _see_step(self, count: Count, *, beside_epoch: bool) -> bool:
        key = count.kind + count.key
        total = count.total if count.total is not None else self._totals.steps
        counter = self._counters.get(key)
        if counter is None:
            if len(self._counters) >= _COUNTERS:
                return False
            counter = self._counters[key] = _Counter(
                count.n, total, count.kind, epoch=self._epoch, is_side=count.is_side
            )
            counter.spans_epochs = count.total is None and total is not None
        elif count.n < counter.n:
            counter.rounds += 1
            counter.spans_epochs = False
        elif counter.epoch >= 0 and self._epoch > counter.epoch and count.n > counter.n:
            counter.spans_epochs = True
        if total is not None and count.n > total:
            total = None
        counter.n, counter.total, counter.epoch = count.n, total, self._epoch
        inner = self._counters.get(self._inner)
        # What runs when the epoch's own bar is full (an evaluation, say) is no part of the epoch.
        is_after = inner is not None and inner.part >= 1 and key != self._inner
        if not count.is_side and not is_after and (beside_epoch or not self._epoch_ended):
            self._inner = key
        return counter.total is not None

    def _fraction(self) -> Optional[float]:
        whole = [c.part for c in self._counters.values() if c.spans_epochs and c.total and not c.is_side]
        if whole:
            return max(whole)
        epochs = self._totals.all_epochs
        if self._epoch >= 0:
            return self._by_epoch(epochs) if epochs else None
        return self._by_counters(epochs)

    def _by_epoch(self, epochs: float) -> float:
        inner = self._counters.get(self._inner)
        # Lightning draws the emptied bar of an epoch once more before it names the next: an epoch never goes back.
        self._epoch_part = max(self._epoch_part, inner.part if inner is not None else 0.0)
        if not self._epoch_ended:
            return (self._epoch + self._epoch_part) / epochs
        done = self._epoch + 1
        # Epochs that count from 0 may end at the total or one before it: which, only the end tells.
        return done / epochs if done < epochs or not self._from_zero else max(self._epoch / epochs, 0.98)

    def _by_counters(self, epochs: Optional[float]) -> Optional[float]:
        main = [c for c in self._counters.values() if not c.is_side]
        with_total = [c for c in main or self._counters.values() if c.total]
        outer = next((c for c in with_total if c.rounds == 0), None)
        if outer is None or outer.total is None:
            if not with_total or not epochs:
                return None
            return (with_total[0].rounds + with_total[0].part) / epochs
        first = with_total[0]
        if first is not outer and first.rounds > outer.n + 1:
            return None
        others = [c for c in with_total if c is not outer]
        if not others and epochs and self._is_per_epoch(outer, epochs):
            return outer.part / epochs
        inside = next((c.part for c in others if c.rounds == outer.n), 0.0)
        return (outer.n + inside) / outer.total

    def _is_per_epoch(self, counter: _Counter, epochs: float) -> bool:
        """Whether the only counter, in its first round, is one of each epoch. One over all epochs has a multiple."""
        if self._totals.epochs_are_parts or counter.total is None or counter.total % epochs == 0:
            return False
        key = next(k for k, c in self._counters.items() if c is counter)
        return counter.kind == BAR or key[len(STEP) :].startswith(INNER_WORDS)

    def snapshot(self) -> Dict[str, Any]:
        """What `restore` takes; at most a few dozen counters."""
        return {
            "counters": {key: asdict(c) for key, c in self._counters.items()},
            "epoch": self._epoch,
            "ended": self._epoch_ended,
            "inner": self._inner,
            "epoch_part": self._epoch_part,
            "from_zero": self._from_zero,
        }

    @classmethod
    def restore(cls, totals: Totals, snapshot: Dict[str, Any]) -> JobProgress:
        """The follower as it was; raises KeyError, TypeError or ValueError on something else's snapshot."""
        self = cls(totals)
        self._counters = {str(key): _Counter(**fields) for key, fields in snapshot["counters"].items()}
        self._epoch = float(snapshot["epoch"])
        self._epoch_ended = bool(snapshot["ended"])
        self._inner = str(snapshot["inner"])
        self._epoch_part = float(snapshot["epoch_part"])
        self._from_zero = bool(snapshot["from_zero"])
        return self
