"""The JSON that scripts rely on (INTERFACE of the product): jobs, nodes, metrics, usage."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from console.cli.output import utc
from console.domain.jobs import Attempt
from console.domain.nodes import AttemptSample, Gpu, GpuSample
from console.domain.resources import MIB_PER_GIB
from console.engine.service import HistoryLine, JobView, NodeView
from console.ports import MetricPoint


def job(view: JobView) -> dict[str, Any]:
    """A job, as `jobs` and `show` give it."""
    spec = view.job.spec
    last = view.job.last_attempt
    return {
        "number": view.job.number,
        "id": view.job.id,
        "name": spec.name,
        "description": spec.description,
        "type": spec.type.value,
        "status": view.status.value,
        "reason": view.reason,
        "priority": spec.priority.value,
        "experiment": spec.experiment,
        "progress": view.progress,
        "eta_s": view.eta_s,
        "created_at": utc(view.job.submitted_at),
        "started_at": utc(view.started_at),
        "ended_at": utc(view.ended_at),
        "node": view.node,
        "attempts": len(view.job.attempts),
        "exit_code": view.exit_code,
        "command": list(spec.command),
        "workdir": spec.workdir,
        "env": dict(spec.env),
        "config": {
            "epochs": spec.config.epochs,
            "batch_size": spec.config.batch_size,
            "learning_rate": spec.config.learning_rate,
            "optimizer": spec.config.optimizer,
        },
        "resources": {
            "cpu_cores": spec.resources.cpus,
            "memory_gb": spec.resources.memory_gb,
            "gpu_count": spec.resources.gpus,
        },
        "gpu_ids": list(last.gpus) if last is not None else [],
        "time_limit_s": spec.time_limit_s,
        "retries": spec.retries,
    }


def attempt(value: Attempt) -> dict[str, Any]:
    """One attempt of a job."""
    outcome = value.outcome
    return {
        "id": value.id,
        "node": value.node,
        "phase": value.phase.value,
        "gpu_ids": list(value.gpus),
        "planned_at": utc(value.planned_at),
        "started_at": utc(value.started_at),
        "ended_at": utc(value.ended_at),
        "exit_code": outcome.code if outcome else None,
        "signal": outcome.signal if outcome else None,
        "reason": outcome.reason if outcome else "",
        "duration_s": outcome.duration_s if outcome else None,
        "peak_memory_gb": gib(outcome.peak_memory_mib) if outcome else None,
    }


def event(line: HistoryLine) -> dict[str, Any]:
    """One entry of a job's history."""
    return {"at": utc(line.at), "kind": line.kind, "text": line.text}


def node(view: NodeView, now: float) -> dict[str, Any]:
    """A node, as `nodes` gives it."""
    facts, sample = view.node.facts, view.sample
    samples = {gpu.uuid: gpu for gpu in sample.gpus} if sample else {}
    jobs = dict(view.gpu_jobs)
    return {
        "name": view.node.name,
        "host": view.node.host,
        "state": view.node.state.value,
        "reason": view.node.reason,
        "agent_version": facts.agent_version if facts else None,
        "last_seen_s": None if view.node.seen_at is None else round(max(0.0, now - view.node.seen_at), 3),
        "cpu": {
            "total": facts.capacity.cpus if facts else None,
            "allocated": view.allocated_cpus,
            "used_percent": sample.cpu_percent if sample else None,
        },
        "memory_gb": {
            "total": facts.capacity.memory_gb if facts else None,
            "allocated": gib(view.allocated_memory_mib),
            "used": gib(sample.memory_used_mib) if sample else None,
        },
        "gpus": [_gpu(gpu, samples.get(gpu.uuid), jobs) for gpu in (facts.gpus if facts else ())],
        "network": {
            "rx_bytes_s": sample.rx_bytes_s if sample else None,
            "tx_bytes_s": sample.tx_bytes_s if sample else None,
        },
        "disk": {
            "read_bytes_s": sample.read_bytes_s if sample else None,
            "write_bytes_s": sample.write_bytes_s if sample else None,
            "free_gb": gib(sample.disk_free_mib) if sample else None,
        },
    }


def _gpu(gpu: Gpu, sample: GpuSample | None, jobs: Mapping[str, int]) -> dict[str, Any]:
    return {
        "index": gpu.index,
        "uuid": gpu.uuid,
        "name": gpu.name,
        "memory_gb": gib(gpu.memory_mib),
        "used_gb": gib(sample.used_mib) if sample else None,
        "utilisation_percent": sample.utilisation_percent if sample else None,
        "temperature_c": sample.temperature_c if sample else None,
        "power_w": sample.power_w if sample else None,
        "job": jobs.get(gpu.uuid),
        "holders": list(sample.holders) if sample and sample.holders is not None else None,
    }


def metrics(points: Iterable[MetricPoint]) -> dict[str, list[list[Any]]]:
    """The metrics of an attempt by name: step, time, value. What is no number stands as "nan", "inf", "-inf"."""
    by_name: dict[str, list[list[Any]]] = {}
    for point in points:
        value = point.value if math.isfinite(point.value) else str(point.value)
        by_name.setdefault(point.name, []).append([point.step, utc(point.time), value])
    return by_name


def usage(samples: Sequence[AttemptSample]) -> list[dict[str, Any]]:
    """The resource samples of an attempt."""
    return [
        {
            "time": utc(sample.time),
            "cpu_percent": sample.cpu_percent,
            "memory_gb": gib(sample.memory_mib),
            "read_bytes_s": sample.read_bytes_s,
            "write_bytes_s": sample.write_bytes_s,
            "node_rx_bytes_s": sample.node_rx_bytes_s,
            "node_tx_bytes_s": sample.node_tx_bytes_s,
            "gpus": [
                {"uuid": uuid, "utilisation_percent": percent, "memory_gb": gib(mib)}
                for uuid, percent, mib in sample.gpus
            ],
        }
        for sample in samples
    ]


def gib(mib: float | None) -> float | None:
    """MiB in GiB, to a tenth of a MiB."""
    return None if mib is None else round(mib / MIB_PER_GIB, 4)
