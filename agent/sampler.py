"""What the node and its running attempts use, once a second."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from agent.core.environment import ATTEMPT_VARIABLE
from agent.core.usage import SAMPLES_FILE, Traffic, cpu_percent, growth, rate
from agent.host.attempts import AttemptStore
from agent.host.gpu import Gpus, GpuState
from agent.host.processes import Process, all_processes, has_variable
from agent.host.procfs import (
    NodeCounters,
    by_parent,
    disk_free_mib,
    memory_mib,
    node_counters,
    process_io,
    process_name,
)
from agent.host.records import append_whole
from agent.protocol.messages import AttemptUse, Gpu, GpuShare, GpuUse, NodeUse
from agent.protocol.schema import plain

STRANGERS_LIMIT_MIB = 256

# Every second for ten minutes, then ever more rarely: a week is about 7,000 samples, 2 MB.
_SPACING = ((600.0, 1.0), (6 * 3600.0, 10.0), (24 * 3600.0, 30.0))
_SPACING_AFTER_S = 120.0
_TOO_CLOSE_S = 0.2


@dataclass
class _Memory:
    """What was seen of an attempt last."""

    first_at: float
    at: float
    cpu: Dict[int, float] = field(default_factory=dict)
    read: Dict[int, float] = field(default_factory=dict)
    written: Dict[int, float] = field(default_factory=dict)
    kept_at: float = float("-inf")


class Sampler:
    """Keeps the last counters to make rates of them. May be called from any thread."""

    def __init__(self, store: AttemptStore) -> None:
        self._store = store
        self._gpus = Gpus()
        self._lock = threading.Lock()
        self._node: Optional[Tuple[float, NodeCounters]] = None
        self._attempts: Dict[str, _Memory] = {}
        self._members: Dict[Tuple[int, int], bool] = {}

    def gpus(self) -> List[Gpu]:
        """The GPUs that the driver shows."""
        with self._lock:
            return [Gpu(each.uuid, each.index, each.name, each.memory_mib) for each in self._gpus.devices()]

    def refusal(self, gpu_uuids: Sequence[str]) -> Optional[str]:
        """Why these GPUs can't be given to a job now: one isn't there, or somebody else works on it."""
        if not gpu_uuids:
            return None
        with self._lock:
            names = {device.uuid: f"GPU {device.index} ({device.name})" for device in self._gpus.devices()}
            states = {state.uuid: state for state in self._gpus.states()}
        for uuid in gpu_uuids:
            if uuid not in states:
                return f"the node has no GPU {uuid[:80]}"
            holders = states[uuid].holders or ()
            held = sum(size or 0 for _, size in holders)
            if held > STRANGERS_LIMIT_MIB:
                who = ", ".join(f"{process_name(pid)} (pid {pid})" for pid, _ in holders)
                return f"{names[uuid]} is in use: {who} hold {held} MiB on it"
        return None

    def sample(self, running: Mapping[str, Sequence[str]]) -> Tuple[NodeUse, Dict[str, AttemptUse]]:
        """The node and the attempts that run (id to GPU UUIDs); each attempt's sample is also kept in its directory."""
        with self._lock:
            states = self._gpus.states()
            node = self._sample_node(states)
            processes = all_processes()
            children = by_parent(processes)
            by_uuid = {state.uuid: state for state in states}
            self._attempts = {name: memory for name, memory in self._attempts.items() if name in running}
            attempts = {}
            for attempt_id, uuids in running.items():
                tree = self._tree(attempt_id, children)
                shares = [_share(by_uuid[uuid]) for uuid in uuids if uuid in by_uuid]
                sample = self._sample_attempt(attempt_id, tree, shares, node)
                if sample is not None:
                    attempts[attempt_id] = sample
            alive = {(process.pid, process.start_time) for process in processes}
            self._members = {key: value for key, value in self._members.items() if key in alive}
        return node, attempts

    def _sample_node(self, states: List[GpuState]) -> NodeUse:
        now, counters = time.monotonic(), node_counters()
        before_at, before = self._node or (now, counters)
        elapsed = now - before_at
        self._node = (now, counters)
        network = _rates(before.network, counters.network, elapsed)
        disks = _rates(before.disks, counters.disks, elapsed)
        return NodeUse(
            time=time.time(),
            cpu_percent=cpu_percent(before.cpu, counters.cpu) if before.cpu and counters.cpu else None,
            memory_used_mib=counters.memory_used_mib,
            rx_bytes_s=network[0],
            tx_bytes_s=network[1],
            read_bytes_s=disks[0],
            write_bytes_s=disks[1],
            disk_free_mib=disk_free_mib(self._store.root),
            gpus=[_gpu_use(state) for state in states],
        )

    def _tree(self, attempt_id: str, children: Mapping[int, List[Process]]) -> List[Process]:
        """The job's processes: those below the supervisor that carry the attempt's variable, and all below them."""
        directory = self._store.directory(attempt_id)
        launched, watcher = directory.launch_record(), directory.watcher()
        roots = {0 if launched is None else launched.process.pid, 0 if watcher is None else watcher.pid} - {0}
        found: Dict[int, Process] = {}
        waiting: List[Process] = []
        for processes in children.values():
            waiting.extend(process for process in processes if launched and process.pid == launched.process.pid)
        for root in roots:
            waiting.extend(child for child in children.get(root, ()) if self._is_member(child, attempt_id))
        while waiting:
            process = waiting.pop()
            if process.pid not in found and process.alive:
                found[process.pid] = process
                waiting.extend(children.get(process.pid, ()))
        return list(found.values())

    def _is_member(self, process: Process, attempt_id: str) -> bool:
        key = (process.pid, process.start_time)
        if key not in self._members:
            self._members[key] = has_variable(process.pid, ATTEMPT_VARIABLE, attempt_id)
        return self._members[key]

    def _sample_attempt(
        self, attempt_id: str, tree: List[Process], shares: List[GpuShare], node: NodeUse
    ) -> Optional[AttemptUse]:
        now = time.monotonic()
        traffic = {process.pid: process_io(process.pid) for process in tree}
        seen = _Memory(
            first_at=now,
            at=now,
            cpu={process.pid: process.cpu_s for process in tree},
            read={pid: float(each.incoming) for pid, each in traffic.items()},
            written={pid: float(each.outgoing) for pid, each in traffic.items()},
        )
        before = self._attempts.get(attempt_id)
        self._attempts[attempt_id] = seen
        if before is None or now - before.at < _TOO_CLOSE_S:
            return None
        seen.first_at, seen.kept_at = before.first_at, before.kept_at
        elapsed = now - before.at
        sample = AttemptUse(
            time=node.time,
            cpu_percent=100.0 * growth(before.cpu, seen.cpu) / elapsed,
            memory_mib=round(memory_mib(tree), 2),
            read_bytes_s=growth(before.read, seen.read) / elapsed,
            write_bytes_s=growth(before.written, seen.written) / elapsed,
            node_rx_bytes_s=node.rx_bytes_s,
            node_tx_bytes_s=node.tx_bytes_s,
            gpus=shares,
        )
        self._keep(attempt_id, seen, sample)
        return sample

    def _keep(self, attempt_id: str, memory: _Memory, sample: AttemptUse) -> None:
        age = memory.at - memory.first_at
        spacing = next((spacing for until, spacing in _SPACING if age < until), _SPACING_AFTER_S)
        # A second's tick comes a little early or late.
        if memory.at - memory.kept_at < spacing - _TOO_CLOSE_S:
            return
        memory.kept_at = memory.at
        line = json.dumps(plain(sample), separators=(",", ":")).encode("ascii") + b"\n"
        try:
            path = self._store.directory(attempt_id).file(SAMPLES_FILE)
            append_whole(path, line)
        except OSError:
            return  # a full disk, or the attempt was removed just now: a sample less


def _rates(
    before: Optional[Traffic], now: Optional[Traffic], elapsed_s: float
) -> Tuple[Optional[float], Optional[float]]:
    if before is None or now is None:
        return None, None
    return rate(before.incoming, now.incoming, elapsed_s), rate(before.outgoing, now.outgoing, elapsed_s)


def _share(state: GpuState) -> GpuShare:
    return GpuShare(state.uuid, state.utilisation_percent, None if state.used_mib is None else float(state.used_mib))


def _gpu_use(state: GpuState) -> GpuUse:
    holders = None if state.holders is None else [f"{process_name(pid)} ({pid})" for pid, _ in state.holders]
    return GpuUse(state.uuid, state.utilisation_percent, state.used_mib, state.temperature_c, state.power_w, holders)
