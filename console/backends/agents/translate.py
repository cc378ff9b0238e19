"""The protocol's words <-> the domain's. Pure. What an agent says is checked here for sense: `WrongReport`."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent.protocol import messages as wire
from console.domain.ids import AttemptId, split_attempt_id
from console.domain.jobs import AttemptPhase, Outcome
from console.domain.nodes import (
    AttemptProgress,
    AttemptSample,
    Gpu,
    GpuSample,
    NodeFacts,
    NodeSample,
)
from console.domain.reports import AttemptReport, NodeSampled, NodeUp, ProgressRead
from console.domain.resources import Resources
from console.ports import LaunchOrder, LogChunk, MetricPoint, Stream

T = TypeVar("T")

_PHASES = {
    "prepared": AttemptPhase.ACCEPTED,
    "launching": AttemptPhase.ACCEPTED,
    "running": AttemptPhase.RUNNING,
    "ended": AttemptPhase.ENDED,
    "never_ran": AttemptPhase.NEVER_RAN,
    "revoked": AttemptPhase.NEVER_RAN,
    "lost": AttemptPhase.LOST,
}
_STREAMS: dict[str, Stream] = {"stdout": "stdout", "stderr": "stderr"}
_LONGEST_TEXT = 4096
_MOST_GPUS = 1024
_MOST_CPUS = 1 << 20
_MOST_MEMORY_MIB = 1 << 40
# The last second of the year 9999: no date can be made of what comes after.
_LATEST = 253_402_300_799


class WrongReport(ValueError):
    """An agent said something that can't be; the message says what."""


def facts_of(welcome: wire.Welcome) -> NodeFacts:
    """What a node offers to this database: less what attempts of other databases hold on it."""
    if len(welcome.gpus) > _MOST_GPUS or welcome.cpus > _MOST_CPUS or welcome.memory_mib > _MOST_MEMORY_MIB:
        raise WrongReport("it claims more processors, memory or GPUs than any machine has")
    taken = set(welcome.foreign_gpus)
    gpus = tuple(
        Gpu(_text(gpu.uuid), gpu.index, _text(gpu.name), gpu.memory_mib)
        for gpu in welcome.gpus
        if gpu.uuid not in taken
    )
    return NodeFacts(
        node_key=_text(welcome.node_key),
        boot_id=_text(welcome.boot_id),
        hostname=_text(welcome.hostname),
        agent_version=_text(welcome.version),
        capacity=Resources(
            cpus=max(0, welcome.cpus - welcome.foreign_cpus),
            memory_mib=max(0, welcome.memory_mib - welcome.foreign_memory_mib),
            gpus=len(gpus),
        ),
        gpus=gpus,
    )


def node_up(node: str, welcome: wire.Welcome, reports: list[wire.Report]) -> NodeUp:
    """The report of a link that came up."""
    return NodeUp(node, facts_of(welcome), tuple(report_of(each) for each in reports))


def report_of(report: wire.Report) -> AttemptReport:
    """One attempt's report."""
    phase = _PHASES.get(report.phase)
    if phase is None:
        raise WrongReport(f"it reports the phase '{report.phase[:40]}', which doesn't exist")
    if phase is AttemptPhase.ENDED and (report.exit is None or report.ended_at is None):
        raise WrongReport(f"it reports the end of {report.attempt[:40]} without saying how it ended")
    return AttemptReport(
        attempt=attempt_of(report.attempt),
        phase=phase,
        started_at=None if report.started_at is None else _time(report.started_at),
        ended_at=None if report.ended_at is None else _time(report.ended_at),
        outcome=None if report.exit is None else _outcome(report.exit),
        reason=_text(report.reason),
        is_acknowledged=report.acknowledged,
    )


def attempt_of(text: str) -> AttemptId:
    """An attempt's id as an agent wrote it."""
    try:
        split_attempt_id(text)
    except ValueError as error:
        raise WrongReport(str(error)) from None
    return AttemptId(text)


def progress_of(progressed: wire.Progressed) -> ProgressRead:
    """What was read out of an attempt's output."""
    fraction = progressed.fraction
    if fraction is not None and fraction > 1:
        raise WrongReport(f"it reports a progress of {fraction:g}, more than the whole")
    return ProgressRead(
        AttemptProgress(
            attempt=attempt_of(progressed.attempt),
            time=_time(progressed.time),
            fraction=fraction,
            eta_s=progressed.eta_s,
            latest=tuple(
                (_text(each.name), math.nan if each.value is None else each.value) for each in progressed.latest
            ),
        )
    )


def sampled_of(node: str, sampled: wire.Sampled) -> NodeSampled:
    """A node's sample with those of its attempts."""
    use = sampled.node
    return NodeSampled(
        node=node,
        sample=NodeSample(
            time=_time(use.time),
            cpu_percent=use.cpu_percent,
            memory_used_mib=use.memory_used_mib,
            rx_bytes_s=use.rx_bytes_s,
            tx_bytes_s=use.tx_bytes_s,
            read_bytes_s=use.read_bytes_s,
            write_bytes_s=use.write_bytes_s,
            disk_free_mib=use.disk_free_mib,
            gpus=tuple(
                GpuSample(
                    uuid=_text(gpu.uuid),
                    utilisation_percent=gpu.utilisation_percent,
                    used_mib=gpu.used_mib,
                    temperature_c=gpu.temperature_c,
                    power_w=gpu.power_w,
                    holders=None if gpu.holders is None else tuple(_text(each) for each in gpu.holders),
                )
                for gpu in use.gpus
            ),
        ),
        attempts=tuple((attempt_of(name), _sample(each)) for name, each in sampled.attempts.items()),
    )


def chunks_of(answer: wire.LogData, data: bytes) -> tuple[LogChunk, ...]:
    """The bytes of an answer, cut into its chunks."""
    if sum(chunk.length for chunk in answer.chunks) != len(data):
        raise WrongReport("it sent another amount of log than it announced")
    chunks = []
    start = 0
    for chunk in answer.chunks:
        stream = _STREAMS.get(chunk.stream)
        if stream is None:
            raise WrongReport(f"it sent a stream '{chunk.stream[:40]}', which doesn't exist")
        piece = data[start : start + chunk.length]
        chunks.append(LogChunk(stream, chunk.offset, _time(chunk.time), piece, chunk.lost))
        start += chunk.length
    return tuple(chunks)


def launch_spec(order: LaunchOrder, database: str, created_at: float) -> dict[str, Any]:
    """An order as `agent.core.spec.LaunchSpec` reads it."""
    return {
        "version": 1,
        "attempt_id": order.attempt,
        "job_id": order.job,
        "argv": list(order.argv),
        "env": dict(order.env),
        "workdir": order.workdir,
        "setup": list(order.setup),
        "cpus": order.cpus,
        "memory_mib": order.memory_mib,
        "gpu_uuids": list(order.gpus),
        "time_limit_s": order.time_limit_s,
        "grace_s": order.grace_s,
        "hints_epochs": order.epochs,
        "created_at": created_at,
        "database": database,
    }


_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False, le=2**53)]
_Time = Annotated[float, Field(ge=0, allow_inf_nan=False, le=_LATEST)]


class _SeriesLine(BaseModel):
    model_config = ConfigDict(extra="ignore")

    n: Annotated[str, Field(max_length=_LONGEST_TEXT)]
    s: Annotated[float, Field(allow_inf_nan=False)] | None
    t: _Time
    v: float


class _GpuLine(BaseModel):
    model_config = ConfigDict(extra="ignore")

    uuid: Annotated[str, Field(max_length=_LONGEST_TEXT)]
    utilisation_percent: _Amount | None
    used_mib: _Amount | None


class _SampleLine(BaseModel):
    model_config = ConfigDict(extra="ignore")

    time: _Time
    cpu_percent: _Amount | None
    memory_mib: _Amount | None
    read_bytes_s: _Amount | None
    write_bytes_s: _Amount | None
    node_rx_bytes_s: _Amount | None
    node_tx_bytes_s: _Amount | None
    gpus: list[_GpuLine] = []


_SERIES = TypeAdapter(list[_SeriesLine])
_SAMPLES = TypeAdapter(list[_SampleLine])


def metrics_of(lines: bytes) -> tuple[MetricPoint, ...]:
    """Lines of a series file."""
    return tuple(MetricPoint(each.n, each.s, each.t, each.v) for each in _parsed(_SERIES, lines))


def samples_of(lines: bytes) -> tuple[AttemptSample, ...]:
    """Lines of a samples file."""
    return tuple(
        AttemptSample(
            time=each.time,
            cpu_percent=each.cpu_percent,
            memory_mib=each.memory_mib,
            read_bytes_s=each.read_bytes_s,
            write_bytes_s=each.write_bytes_s,
            node_rx_bytes_s=each.node_rx_bytes_s,
            node_tx_bytes_s=each.node_tx_bytes_s,
            gpus=tuple((gpu.uuid, gpu.utilisation_percent, gpu.used_mib) for gpu in each.gpus),
        )
        for each in _parsed(_SAMPLES, lines)
    )


def read_cursor(cursor: str) -> tuple[int, int]:
    """The offsets in a history's cursor; the beginning for ""."""
    if not cursor:
        return 0, 0
    series, _, samples = cursor.partition(":")
    return int(series), int(samples)


def write_cursor(series: int, samples: int) -> str:
    """A history's cursor."""
    return f"{series}:{samples}"


def _parsed(adapter: TypeAdapter[list[T]], lines: bytes) -> list[T]:
    try:
        return adapter.validate_python([json.loads(line) for line in lines.splitlines()])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise WrongReport(f"its records are wrong: {first['loc']}: {first['msg']}") from None
    except (ValueError, RecursionError):
        raise WrongReport("its records are not JSON lines") from None


def _sample(use: wire.AttemptUse) -> AttemptSample:
    return AttemptSample(
        time=_time(use.time),
        cpu_percent=use.cpu_percent,
        memory_mib=use.memory_mib,
        read_bytes_s=use.read_bytes_s,
        write_bytes_s=use.write_bytes_s,
        node_rx_bytes_s=use.node_rx_bytes_s,
        node_tx_bytes_s=use.node_tx_bytes_s,
        gpus=tuple((_text(gpu.uuid), gpu.utilisation_percent, gpu.used_mib) for gpu in use.gpus),
    )


def _outcome(end: wire.Exit) -> Outcome:
    return Outcome(
        code=end.code,
        signal=end.signal,
        reason=_text(end.reason),
        duration_s=end.duration_s,
        peak_memory_mib=end.peak_memory_mib,
        dropped_bytes=end.dropped_bytes,
    )


def _time(time: float) -> float:
    if not 0 <= time <= _LATEST:
        raise WrongReport(f"it tells a time of {time:g} s, which is no date")
    return time


def _text(text: str) -> str:
    return text[:_LONGEST_TEXT]
