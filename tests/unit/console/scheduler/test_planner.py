from __future__ import annotations

from console.domain.jobs import Priority
from console.domain.resources import Resources
from console.scheduler import NodeOffer, PendingJob, Plan, Policy, Snapshot, plan
from tests.harness.builders import job_id, offer, waits
from tests.harness.clock import NOW

HIGH, MEDIUM, LOW = Priority


def planned(*things: PendingJob | NodeOffer, now: float = NOW, policy: Policy | None = None) -> Plan:
    jobs = tuple(each for each in things if isinstance(each, PendingJob))
    nodes = tuple(each for each in things if isinstance(each, NodeOffer))
    return plan(Snapshot(now, jobs, nodes), policy or Policy())


def started(result: Plan) -> list[int]:
    numbers = {job_id(number): number for number in range(1, 20)}
    return [numbers[start.job] for start in result.starts]


def test_priority_goes_first_then_age_then_number() -> None:
    jobs = [waits(1, LOW, at=NOW - 9), waits(2, at=NOW), waits(3, HIGH, at=NOW), waits(4, at=NOW - 5), waits(5, at=NOW)]
    assert started(planned(*jobs, offer(cpus=8))) == [3, 4, 2, 5, 1]
    assert started(planned(*reversed(jobs), offer(cpus=8))) == [3, 4, 2, 5, 1]


def test_what_does_not_fit_is_passed_over() -> None:
    result = planned(waits(1, HIGH, cpus=9), waits(2, cpus=2), waits(3, LOW), offer(cpus=3))
    assert started(result) == [2, 3]
    assert result.reasons == {job_id(1): "never fits: asks for 9 CPU cores, the largest node has 3"}


def test_a_node_is_filled_and_not_more() -> None:
    result = planned(*(waits(number) for number in range(1, 8)), offer(cpus=5))
    assert started(result) == [1, 2, 3, 4, 5]
    assert set(result.reasons.values()) == {"waiting for 1 CPU core; n1 has 0 free"}


def test_gpus_are_given_by_name_and_once() -> None:
    result = planned(*(waits(number, gpus=2) for number in (1, 2, 3)), offer(cpus=8, gpus=5))
    assert [start.gpus for start in result.starts] == [("GPU-n1-0", "GPU-n1-1"), ("GPU-n1-2", "GPU-n1-3")]
    assert result.reasons[job_id(3)] == "waiting for 2 GPUs; n1 has 1 free"


def test_a_gpu_that_is_taken_is_not_counted() -> None:
    result = planned(waits(1, gpus=2), offer(gpus=2, free_gpus=("GPU-n1-1",)))
    assert result.reasons == {job_id(1): "waiting for 2 GPUs; n1 has 1 free"}


def test_jobs_without_gpus_leave_the_gpu_nodes_free() -> None:
    nodes = [offer("n1", gpus=2), offer("n2")]
    assert [start.node for start in planned(waits(1), *nodes).starts] == ["n2"]
    assert [start.node for start in planned(waits(1, gpus=1), *nodes).starts] == ["n1"]


def test_the_tightest_node_is_taken_then_the_first() -> None:
    nodes = [offer("n1", cpus=8, gpus=4), offer("n2", cpus=8, gpus=2), offer("n3", cpus=4, gpus=2), offer("n4", gpus=2)]
    assert [start.node for start in planned(waits(1, gpus=2), *nodes).starts] == ["n3"]


def test_a_pinned_job_starts_on_its_node_or_nowhere() -> None:
    nodes = [offer("n1", cpus=1), offer("n2", cpus=1)]
    result = planned(waits(1, node="n2"), waits(2, node="n2"), waits(3, node="n9"), waits(4), *nodes)
    assert [(start.job, start.node) for start in result.starts] == [(job_id(1), "n2"), (job_id(4), "n1")]
    assert result.reasons[job_id(2)] == "waiting for 1 CPU core; n2 has 0 free"
    assert result.reasons[job_id(3)] == "never fits: there is no node named n9"


def test_a_held_job_waits_whatever_is_free() -> None:
    assert planned(waits(1, is_held=True), offer()).reasons == {job_id(1): "held"}


def test_a_refused_job_waits_for_its_moment() -> None:
    job = waits(1, not_before=NOW + 5, wait_reason="no room")
    assert planned(job, offer()).reasons == {job_id(1): "waits 5 s before the next try: no room"}
    assert started(planned(job, offer(), now=NOW + 5)) == [1]


def test_nothing_starts_where_the_policy_says_so() -> None:
    result = planned(waits(1), offer(), policy=Policy(starts_jobs=False))
    assert result == Plan((), {job_id(1): "nothing is started at present"})


def test_without_nodes() -> None:
    assert planned(waits(1)).reasons == {job_id(1): "there is no node"}


def test_a_node_out_of_reach_is_waited_for() -> None:
    stale = offer("n1", is_usable=False, problem="stale")
    small = offer("n2", cpus=1)
    assert planned(waits(1), stale).reasons == {job_id(1): "waiting for a node: n1 stale"}
    assert planned(waits(1, cpus=4), stale, small).reasons == {job_id(1): "waiting for a node: n1 stale"}


def test_a_node_that_has_not_told_its_size_may_be_large_enough() -> None:
    nothing = Resources(0, 0, 0)
    unknown = offer("n1", capacity=None, free=nothing, is_usable=False, problem="not connected yet")
    reason = "waiting for a node: n1 not connected yet"
    assert planned(waits(1, gpus=8), unknown, offer("n2")).reasons == {job_id(1): reason}


def test_what_never_fits_names_the_nearest_miss() -> None:
    nodes = [offer("n1", cpus=4, memory_mib=8192, gpus=1), offer("n2", cpus=64, memory_mib=4096)]
    cases = {
        "never fits: asks for 2 GPUs, the largest node has 1": waits(1, gpus=2),
        "never fits: asks for 65 CPU cores, the largest node has 64": waits(1, cpus=65),
        "never fits: asks for 16 GiB of memory, the largest node has 8 GiB": waits(1, memory_mib=16384),
        "never fits: no single node has all of what it asks for": waits(1, cpus=5, gpus=1),
    }
    for reason, job in cases.items():
        assert planned(job, *nodes).reasons == {job_id(1): reason}


def test_the_reason_holds_at_the_end_of_the_pass() -> None:
    """The small job behind it takes the GPU that was free when the large one was looked at."""
    result = planned(waits(1, HIGH, gpus=2), waits(2, LOW, gpus=1), offer(gpus=2, free_gpus=("GPU-n1-1",)))
    assert started(result) == [2]
    assert result.reasons == {job_id(1): "waiting for 2 GPUs; n1 has 0 free"}


def test_several_shortages_are_told_together() -> None:
    node = offer(cpus=4, memory_mib=8192, free=Resources(1, 512, 0))
    reason = "waiting for 2 CPU cores and 1 GiB of memory; n1 has 1 and 0.5 GiB free"
    assert planned(waits(1, cpus=2), node).reasons == {job_id(1): reason}


def test_a_node_that_shrank_under_its_jobs_has_nothing_free() -> None:
    node = offer(cpus=4, free=Resources(-2, -100, 0))
    reason = "waiting for 1 CPU core and 1 GiB of memory; n1 has 0 and 0 GiB free"
    assert planned(waits(1), node).reasons == {job_id(1): reason}


def test_a_long_queue_of_few_shapes() -> None:
    shapes = [waits(n, list(Priority)[n % 3], at=NOW - n, cpus=1 + n % 4, gpus=n % 3) for n in range(1, 10_001)]
    nodes = [offer(f"n{n}", cpus=16, memory_mib=65536, gpus=4 * (n % 2)) for n in range(20)]
    result = planned(*shapes, *nodes)
    assert len(result.starts) + len(result.reasons) == 10_000
    assert len(set(result.reasons.values())) <= 12
