"""One pass over the queue: strict order, first come first served inside a class; what doesn't fit is skipped."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

from console.domain.ids import JobId
from console.scheduler.explain import blocked_reason, never_fits_reason
from console.scheduler.model import NodeOffer, PendingJob, Plan, Policy, Snapshot, Start

_Shape = tuple[int, int, int, str | None]


def plan(snapshot: Snapshot, policy: Policy) -> Plan:
    """Walks the pending jobs in order and places each on the best fitting node that is free enough.

    Within a pass free resources only shrink, so a shape (amounts and pinned node) that failed once is not tried again.
    """
    offers = list(snapshot.nodes)
    starts: list[Start] = []
    reasons: dict[JobId, str] = {}
    failed: dict[_Shape, list[PendingJob]] = {}
    for job in sorted(snapshot.pending, key=attrgetter("order")):
        waiting = _not_yet(job, snapshot.now, policy)
        if waiting:
            reasons[job.id] = waiting
            continue
        if (alike := failed.get(job.shape)) is not None:
            alike.append(job)
        elif (start := _place(job, offers)) is not None:
            starts.append(start)
        else:
            failed[job.shape] = [job]
    # Said when the pass is over, since what starts behind a blocked job takes from what is free, too.
    for blocked in failed.values():
        reason = never_fits_reason(blocked[0], offers) or blocked_reason(blocked[0], offers)
        reasons.update((job.id, reason) for job in blocked)
    return Plan(tuple(starts), reasons)


def _not_yet(job: PendingJob, now: float, policy: Policy) -> str:
    if job.is_held:
        return "held"
    if job.not_before > now:
        return f"waits {max(1, round(job.not_before - now))} s before the next try: {job.wait_reason}"
    return "" if policy.starts_jobs else "nothing is started at present"


def _place(job: PendingJob, offers: list[NodeOffer]) -> Start | None:
    """Takes the best offer out of the list's free amounts. Best fit: CPU jobs go to nodes with the fewest GPUs free,
    GPU jobs to the node left with the fewest GPUs free; then fewest cores left; then the earliest node."""
    need = job.resources
    best: tuple[tuple[int, int, int], int] | None = None
    for index, offer in enumerate(offers):
        if not offer.is_usable or (job.node is not None and offer.name != job.node):
            continue
        if need.fits_in(offer.free) and need.gpus <= offer.free_gpu_count:
            rank = (offer.free_gpu_count - need.gpus, offer.free.cpus - need.cpus, index)
            if best is None or rank < best[0]:
                best = rank, index
    if best is None:
        return None
    chosen = offers[best[1]]
    given, left = chosen.free_gpus[: need.gpus], chosen.free_gpus[need.gpus :]
    offers[best[1]] = replace(chosen, free=chosen.free - need, free_gpus=left)
    return Start(job.id, chosen.name, given)
