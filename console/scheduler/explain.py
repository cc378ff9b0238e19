"""Why a job can't start, from the same amounts that place it."""

from __future__ import annotations

from collections.abc import Sequence

from console.domain.resources import MIB_PER_GIB
from console.scheduler.model import NodeOffer, PendingJob


def never_fits_reason(job: PendingJob, nodes: Sequence[NodeOffer]) -> str:
    """The nearest miss if the job fits no node even when all are empty, else an empty text.

    A node that has not told its amounts yet may be large enough.
    """
    if not nodes:
        return "there is no node"
    eligible = [node for node in nodes if job.node is None or node.name == job.node]
    if not eligible:
        return f"never fits: there is no node named {job.node}"
    need = job.resources
    if any(node.capacity is None or need.fits_in(node.capacity) for node in eligible):
        return ""
    known = [node.capacity for node in eligible if node.capacity is not None]
    cpus, memory = max(amount.cpus for amount in known), max(amount.memory_mib for amount in known)
    gpus = max(amount.gpus for amount in known)
    if need.gpus > gpus:
        return f"never fits: asks for {_gpus(need.gpus)}, the largest node has {gpus}"
    if need.cpus > cpus:
        return f"never fits: asks for {need.cpus} CPU cores, the largest node has {cpus}"
    if need.memory_mib > memory:
        return f"never fits: asks for {_gib(need.memory_mib)} of memory, the largest node has {_gib(memory)}"
    return "never fits: no single node has all of what it asks for"


def blocked_reason(job: PendingJob, offers: Sequence[NodeOffer]) -> str:
    """What the node nearest to taking the job lacks now."""
    need = job.resources
    eligible = [offer for offer in offers if job.node is None or offer.name == job.node]
    large = [offer for offer in eligible if offer.capacity is None or need.fits_in(offer.capacity)]
    usable = [offer for offer in large if offer.is_usable]
    if not usable:
        names = ", ".join(f"{offer.name} {offer.problem or 'not usable'}" for offer in large[:3])
        return f"waiting for a node: {names}"

    def shortage(offer: NodeOffer) -> tuple[int, int, int]:
        free = offer.free
        return (
            max(need.gpus - offer.free_gpu_count, 0),
            max(need.cpus - free.cpus, 0),
            max(need.memory_mib - free.memory_mib, 0),
        )

    nearest = min(usable, key=shortage)
    gpus, cpus, memory = shortage(nearest)
    wants, has = [], []
    if gpus:
        wants.append(_gpus(need.gpus))
        has.append(str(nearest.free_gpu_count))
    if cpus:
        wants.append(f"{need.cpus} CPU core{'s' * (need.cpus != 1)}")
        has.append(str(max(nearest.free.cpus, 0)))
    if memory:
        wants.append(f"{_gib(need.memory_mib)} of memory")
        has.append(_gib(max(nearest.free.memory_mib, 0)))
    return f"waiting for {' and '.join(wants)}; {nearest.name} has {' and '.join(has)} free"


def _gpus(count: int) -> str:
    return f"{count} GPU{'s' * (count != 1)}"


def _gib(mib: int) -> str:
    return f"{mib / MIB_PER_GIB:.3g} GiB"
