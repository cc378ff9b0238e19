"""Nodes: one line each, and all about the one under the cursor."""

from __future__ import annotations

from console.domain.nodes import Gpu, GpuSample, NodeState
from console.domain.resources import NOTHING
from console.engine.service import NodeView
from console.tui.presenters.cells import Cell, Line, Row, Section, StyleName
from console.tui.presenters.words import UNKNOWN, age, count, duration, memory, percent, rate

_SYMBOLS = {
    NodeState.UP: ("●", "*"),
    NodeState.STALE: ("◐", "?"),
    NodeState.DOWN: ("✗", "x"),
    NodeState.DRAINED: ("◌", "-"),
    NodeState.NEEDS_LOGIN: ("◆", "!"),
    NodeState.QUARANTINED: ("▲", "!"),
}
_STYLES: dict[NodeState, StyleName] = {
    NodeState.UP: "good",
    NodeState.STALE: "warning",
    NodeState.DOWN: "error",
    NodeState.DRAINED: "muted",
    NodeState.NEEDS_LOGIN: "warning",
    NodeState.QUARANTINED: "error",
}


def state_badge(view: NodeView, now: float, *, ascii_only: bool) -> Line:
    """Symbol and word, with the age where the node is out of reach."""
    node = view.node
    words = node.state.value.replace("_", " ")
    if node.state is NodeState.STALE and node.seen_at is not None:
        words += f" {duration(now - node.seen_at)}"
    return (Cell(f"{_SYMBOLS[node.state][ascii_only]} {words}", _STYLES[node.state]),)


def cell(view: NodeView, column: str, now: float, *, ascii_only: bool) -> Line:
    """The text of a column; `cpu` and `memory` are bars, which the widgets draw."""
    match column:
        case "name":
            return (Cell(view.node.name, "strong"),)
        case "state":
            return state_badge(view, now, ascii_only=ascii_only)
        case "gpus":
            return (Cell(gpus_in_use(view)),)
        case "running":
            return (Cell(str(view.running)),)
        case "host":
            return (Cell(view.node.host, "muted"),)
        case "reason":
            return (Cell(view.node.reason, "muted"),)
        case _:
            raise ValueError(f"the list of nodes has no column {column!r}")


def gpus_in_use(view: NodeView) -> str:
    """`2/8`: GPUs that jobs hold, of all."""
    total = view.node.facts.capacity.gpus if view.node.facts else 0
    return f"{len(view.gpu_jobs)}/{total}" if total else UNKNOWN


def cpu_share(view: NodeView) -> float | None:
    """How busy the node's CPUs are, 0…1."""
    if view.sample is None or view.sample.cpu_percent is None:
        return None
    return view.sample.cpu_percent / 100


def memory_share(view: NodeView) -> float | None:
    """How full the node's memory is, 0…1."""
    facts = view.node.facts
    if view.sample is None or view.sample.memory_used_mib is None or facts is None or not facts.capacity.memory_mib:
        return None
    return view.sample.memory_used_mib / facts.capacity.memory_mib


def details(view: NodeView, now: float, *, ascii_only: bool) -> tuple[Section, ...]:
    """All about one node."""
    return (_about(view, now, ascii_only=ascii_only), _amounts(view), *_gpus(view))


def _about(view: NodeView, now: float, *, ascii_only: bool) -> Section:
    node = view.node
    rows = [Row("State", state_badge(view, now, ascii_only=ascii_only))]
    if node.reason:
        rows.append(Row("Why", (Cell(node.reason, "warning"),)))
    rows.append(Row("Host", (Cell(node.host),)))
    if node.seen_at is not None:
        words = age(node.seen_at, now)
        rows.append(Row("Last heard", (Cell("now" if words == "now" else f"{words} ago"),)))
    if node.facts is not None:
        rows.append(Row("Agent", (Cell(node.facts.agent_version),)))
    rows.append(Row("Running", (Cell(count(view.running, "job")),)))
    return Section(node.name, tuple(rows))


def _amounts(view: NodeView) -> Section:
    capacity = view.node.facts.capacity if view.node.facts else NOTHING
    sample = view.sample
    allocated = memory(view.allocated_memory_mib)
    used_cpu = percent(sample.cpu_percent if sample else None)
    used_memory = memory(sample.memory_used_mib if sample else None)
    rows = [
        Row("CPU", (Cell(f"{view.allocated_cpus} of {capacity.cpus} cores allocated, {used_cpu} busy"),)),
        Row("Memory", (Cell(f"{allocated} of {memory(capacity.memory_mib)} allocated, {used_memory} used"),)),
    ]
    if sample is not None:
        rows.append(Row("Network", (Cell(f"{rate(sample.rx_bytes_s)} in, {rate(sample.tx_bytes_s)} out"),)))
        disk = f"{rate(sample.read_bytes_s)} read, {rate(sample.write_bytes_s)} written"
        rows.append(Row("Disk", (Cell(f"{disk}, {memory(sample.disk_free_mib)} free"),)))
    return Section("Use", tuple(rows))


def _gpus(view: NodeView) -> tuple[Section, ...]:
    facts = view.node.facts
    if facts is None or not facts.gpus:
        return ()
    samples = {gpu.uuid: gpu for gpu in view.sample.gpus} if view.sample else {}
    jobs = dict(view.gpu_jobs)
    return (Section("GPUs", tuple(_gpu(gpu, samples.get(gpu.uuid), jobs.get(gpu.uuid)) for gpu in facts.gpus)),)


def _gpu(gpu: Gpu, sample: GpuSample | None, job: int | None) -> Row:
    words = [gpu.name]
    if sample is not None:
        words += [
            f"{percent(sample.utilisation_percent)} busy",
            f"{memory(sample.used_mib)} of {memory(gpu.memory_mib)}",
        ]
        if sample.temperature_c is not None:
            words.append(f"{sample.temperature_c:.0f} C")
        if sample.power_w is not None:
            words.append(f"{sample.power_w:.0f} W")
    line = [Cell(", ".join(words))]
    if job is not None:
        line.append(Cell(f"  job #{job}", "accent"))
    elif sample is not None and sample.holders:
        line.append(Cell(f"  held by {', '.join(sample.holders[:3])}", "warning"))
    return Row(f"GPU {gpu.index}", tuple(line))


EMPTY: tuple[Line, ...] = (
    (Cell("No node is known yet.", "strong"),),
    (Cell("Nodes appear here once something schedules.", "muted"),),
)
