"""Nodes: what they have (facts, told once per connect), how they are (state), what they use (samples, volatile)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.domain.ids import AttemptId
from console.domain.resources import Resources


class NodeState(StrEnum):
    """What a person sees of a node."""

    UP = "up"
    STALE = "stale"
    DOWN = "down"
    DRAINED = "drained"
    NEEDS_LOGIN = "needs_login"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as the node's driver names it; memory in MiB."""

    uuid: str
    index: int
    name: str
    memory_mib: int


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node told on connect: its key (machine id and host name), boot id, the amounts it offers, its GPUs."""

    node_key: str
    boot_id: str
    hostname: str
    agent_version: str
    capacity: Resources
    gpus: tuple[Gpu, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A node as the engine knows it. `seen_at` is the last moment at which anything was received from it."""

    name: str
    host: str
    state: NodeState
    reason: str = ""
    facts: NodeFacts | None = None
    seen_at: float | None = None


@dataclass(frozen=True, slots=True)
class GpuSample:
    """One GPU at one moment; `holders` names the processes that hold memory on it, None where the driver can't tell."""

    uuid: str
    utilisation_percent: float | None
    used_mib: int | None
    temperature_c: float | None
    power_w: float | None
    holders: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class NodeSample:
    """A node at one moment (seconds since the epoch, the node's clock); rates in bytes per second."""

    time: float
    cpu_percent: float | None
    memory_used_mib: int | None
    rx_bytes_s: float | None
    tx_bytes_s: float | None
    read_bytes_s: float | None
    write_bytes_s: float | None
    disk_free_mib: int | None
    gpus: tuple[GpuSample, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptSample:
    """An attempt's whole process tree at one moment; network rates are the node's, an attempt's own can't be known.
    `gpus` holds (uuid, utilisation percent, memory MiB) of the GPUs the attempt was given."""

    time: float
    cpu_percent: float | None
    memory_mib: float | None
    read_bytes_s: float | None
    write_bytes_s: float | None
    node_rx_bytes_s: float | None
    node_tx_bytes_s: float | None
    gpus: tuple[tuple[str, float | None, float | None], ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptProgress:
    """The latest that was read from an attempt's output: share of the whole job done (0…1), and newest metrics."""

    attempt: AttemptId
    time: float
    fraction: float | None
    eta_s: float | None = None
    latest: tuple[tuple[str, float], ...] = ()
