from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from console.domain.jobs import Priority
from console.domain.resources import NOTHING, Resources
from console.scheduler import NodeOffer, PendingJob, Plan, Policy, Snapshot, plan
from tests.harness.builders import job_id
from tests.harness.clock import NOW

small = st.integers(0, 4)
names = st.sampled_from(["n1", "n2", "n3"])


@st.composite
def jobs(draw: st.DrawFn) -> tuple[PendingJob, ...]:
    count = draw(st.integers(0, 12))
    return tuple(
        PendingJob(
            job_id(number),
            number,
            draw(st.sampled_from(Priority)),
            NOW - draw(small),
            Resources(draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(small)),
            draw(st.none() | names),
            draw(st.integers(0, 9)) == 0,
            draw(st.sampled_from([0.0, NOW - 1, NOW, NOW + 30])),
            "no room",
        )
        for number in range(1, count + 1)
    )


@st.composite
def nodes(draw: st.DrawFn) -> tuple[NodeOffer, ...]:
    offers = []
    for name in draw(st.lists(names, unique=True)):
        capacity = Resources(draw(small), draw(st.integers(0, 8)), draw(small))
        used = Resources(draw(st.integers(0, 6)), draw(small), draw(st.integers(0, capacity.gpus)))
        cards = [f"GPU-{name}-{index}" for index in range(capacity.gpus - used.gpus)]
        free = tuple(draw(st.lists(st.sampled_from(cards), unique=True))) if cards else ()
        is_known = draw(st.integers(0, 5)) > 0
        is_usable = is_known and draw(st.integers(0, 3)) > 0
        offers.append(
            NodeOffer(name, capacity, capacity - used, free, is_usable, "" if is_usable else "stale")
            if is_known
            else NodeOffer(name, None, NOTHING, (), False, "not connected yet")
        )
    return tuple(offers)


snapshots = st.builds(Snapshot, st.just(NOW), jobs(), nodes())


def waiting(snapshot: Snapshot) -> dict[str, PendingJob]:
    return {job.id: job for job in snapshot.pending}


def left(snapshot: Snapshot, result: Plan) -> dict[str, NodeOffer]:
    """What is free after these starts."""
    offers = {node.name: node for node in snapshot.nodes}
    for start in result.starts:
        node = offers[start.node]
        cards = tuple(card for card in node.free_gpus if card not in start.gpus)
        free = node.free - waiting(snapshot)[start.job].resources
        offers[start.node] = replace(node, free=free, free_gpus=cards)
    return offers


def fits(job: PendingJob, node: NodeOffer) -> bool:
    return (
        node.is_usable
        and job.node in (None, node.name)
        and job.resources.fits_in(node.free)
        and job.resources.gpus <= len(node.free_gpus)
    )


@given(snapshots)
def test_every_job_starts_or_has_a_reason(snapshot: Snapshot) -> None:
    result = plan(snapshot, Policy())
    started = [start.job for start in result.starts]
    assert len(started) == len(set(started))
    assert set(started) | result.reasons.keys() == set(waiting(snapshot))
    assert not set(started) & result.reasons.keys()
    assert all(result.reasons.values())


@given(snapshots)
def test_nothing_is_given_twice_or_that_is_not_there(snapshot: Snapshot) -> None:
    result = plan(snapshot, Policy())
    given_gpus: dict[str, list[str]] = defaultdict(list)
    used = set()
    for start in result.starts:
        job = waiting(snapshot)[start.job]
        node = next(node for node in snapshot.nodes if node.name == start.node)
        assert node.is_usable
        assert job.node in (None, node.name)
        assert len(start.gpus) == job.resources.gpus
        assert set(start.gpus) <= set(node.free_gpus)
        given_gpus[node.name] += start.gpus
        used.add(node.name)
    for cards in given_gpus.values():
        assert len(cards) == len(set(cards))
    for name in used:
        rest = left(snapshot, result)[name].free
        assert min(rest.cpus, rest.memory_mib, rest.gpus) >= 0


@given(snapshots)
def test_no_job_waits_that_would_fit_beside_those_before_it(snapshot: Snapshot) -> None:
    """Strict order: what starts behind a job never takes what that job could have had."""
    result = plan(snapshot, Policy())
    order = sorted(snapshot.pending, key=lambda job: (job.priority.rank, job.queued_at, job.number))
    starts = {start.job: start for start in result.starts}
    ahead: list[PendingJob] = []
    for job in order:
        before = Plan(tuple(starts[each.id] for each in ahead if each.id in starts))
        may_start = not job.is_held and job.not_before <= snapshot.now
        would_fit = any(fits(job, node) for node in left(snapshot, before).values())
        assert (job.id in starts) == (may_start and would_fit)
        ahead.append(job)


@given(snapshots, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(snapshot: Snapshot, random: object) -> None:
    shuffled = list(snapshot.pending)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan(replace(snapshot, pending=tuple(shuffled)), Policy()) == plan(snapshot, Policy())
    assert plan(snapshot, Policy()) == plan(snapshot, Policy())


@given(snapshots)
def test_the_reason_is_what_keeps_it(snapshot: Snapshot) -> None:
    """Given what the reason names on the node that it names, it starts; what never fits does not on empty nodes."""
    result = plan(snapshot, Policy())
    offers = left(snapshot, result)
    for job in snapshot.pending:
        reason = result.reasons.get(job.id, "")
        alone = replace(job, is_held=False, not_before=0.0)
        if reason == "held":
            assert job.is_held
        elif reason.startswith("waits "):
            assert job.not_before > snapshot.now
        elif "has" in reason and reason.startswith("waiting for"):
            name = reason.split("; ")[1].split(" has ")[0]
            node = offers[name]
            assert node.capacity is not None
            assert not fits(alone, node)
            cards = tuple(f"GPU-{name}-new{index}" for index in range(job.resources.gpus))
            given = replace(
                node,
                free=Resources(
                    max(node.free.cpus, job.resources.cpus if "CPU" in reason else node.free.cpus),
                    max(node.free.memory_mib, job.resources.memory_mib if "memory" in reason else -99),
                    max(node.free.gpus, job.resources.gpus if "GPU" in reason else node.free.gpus),
                ),
                free_gpus=cards if "GPU" in reason.split(";")[0] else node.free_gpus,
            )
            assert fits(alone, given)
        elif reason.startswith("waiting for a node"):
            usable = [replace(n, is_usable=True, free=n.capacity or job.resources) for n in offers.values()]
            assert not any(fits(alone, node) for node in offers.values())
            able = [
                replace(n, free_gpus=tuple(map(str, range(9)))) for n in usable if f"{n.name} {n.problem}" in reason
            ]
            assert any(fits(alone, node) for node in able)
        elif reason.startswith("never fits"):
            empty = [
                replace(n, is_usable=True, free=n.capacity, free_gpus=tuple(map(str, range(n.capacity.gpus))))
                for n in snapshot.nodes
                if n.capacity is not None
            ]
            assert not any(fits(alone, node) for node in empty)
