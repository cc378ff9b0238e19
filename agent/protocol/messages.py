"""Every message, as data. Times are seconds since the epoch on the node's clock unless a name says otherwise.

Console to agent: Hello first, then requests, each with an `id` that its answer repeats. Agent to console: Welcome and
Attempts first, then answers, and what it tells by itself. Bye ends a link from either side, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Union

from agent.protocol.schema import signed

PROTOCOL_VERSION = 1

CHUNK_LIMIT = 64 * 1024
"""Bytes of log or history in one answer: all that can be under way in front of a change of state."""

LONGEST_WAIT_S = 20.0

# Kinds of errors in a Reply.
INVALID = "invalid"
NOT_FOUND = "not_found"
REFUSED = "refused"
STALE = "stale"
BROKEN = "broken"


@dataclass(frozen=True)
class Hello:
    """The console's first word. Without a database it may look at everything; without an epoch it may only read."""

    protocol: int
    version: str
    database: Optional[str] = None
    epoch: Optional[int] = None


@dataclass(frozen=True)
class Fence:
    """Who gives an order: a command with the same id is carried out once, an epoch lower than one seen before never."""

    database: str
    epoch: int
    command: str


@dataclass(frozen=True)
class Ping:
    """Is anybody there?"""

    id: int


@dataclass(frozen=True)
class Subscribe:
    """From now on, tell samples (or no more)."""

    id: int
    samples: bool


@dataclass(frozen=True)
class Launch:
    """Run an attempt; `spec` is what `agent.core.spec.LaunchSpec` reads, `{checkpoint_dir}` may stand in its argv."""

    id: int
    fence: Fence
    spec: Dict[str, Any]


@dataclass(frozen=True)
class Stop:
    """End an attempt: SIGTERM, the grace period of its launch, then everything."""

    id: int
    fence: Fence
    attempt: str
    reason: str


@dataclass(frozen=True)
class Acknowledge:
    """The end of an attempt is committed: the agent need not stay for it."""

    id: int
    fence: Fence
    attempt: str


@dataclass(frozen=True)
class Forget:
    """Remove what is kept of an attempt that is over."""

    id: int
    fence: Fence
    attempt: str


@dataclass(frozen=True)
class ReadLog:
    """The next bytes of an attempt's output in order of arrival, from these offsets on.

    `block` is where the last answer said to go on (0 at first). With nothing to give, the answer waits up to `wait_s`.
    With a `tail` (bytes) the answer begins where at most so many are left of what there is now; 0 leaves nothing out.
    """

    id: int
    attempt: str
    stdout: int
    stderr: int
    streams: List[str]
    block: int = 0
    wait_s: float = 0.0
    tail: int = 0


@dataclass(frozen=True)
class ReadHistory:
    """Whole lines of an attempt's series and samples files from these offsets on."""

    id: int
    attempt: str
    series: int
    samples: int


@dataclass(frozen=True)
class Gpu:
    """A GPU of the node, memory in MiB."""

    uuid: str
    index: int
    name: str
    memory_mib: int


@dataclass(frozen=True)
class Welcome:
    """The agent's first word: the machine, and how much of it attempts of other databases hold now."""

    protocol: int
    version: str
    node_key: str
    boot_id: str
    hostname: str
    cpus: int
    memory_mib: int
    gpus: List[Gpu] = field(default_factory=list)
    foreign_cpus: int = 0
    foreign_memory_mib: int = 0
    foreign_gpus: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class Exit:
    """How an attempt ended; code and signal are both missing where nobody can know."""

    code: Optional[int]
    signal: Optional[int]
    reason: str
    duration_s: Optional[float]
    peak_memory_mib: Optional[float] = None
    dropped_bytes: int = 0


@dataclass(frozen=True)
class Report:
    """One attempt: `phase` is a word of `agent.core.lifecycle`; `acknowledged`: the agent was told of the commit."""

    attempt: str
    phase: str
    started_at: Optional[float] = None
    ended_at: Optional[float] = None
    exit: Optional[Exit] = None
    reason: str = ""
    acknowledged: bool = False


@dataclass(frozen=True)
class Attempts:
    """Some of the attempts of the console's database; `last` with the last of them."""

    reports: List[Report]
    last: bool


@dataclass(frozen=True)
class Changed:
    """An attempt moved on."""

    report: Report


@dataclass(frozen=True)
class Value:
    """The newest value of a metric; None where it is not a number (or infinite), which JSON has no word for."""

    name: str
    value: Optional[float] = signed()


@dataclass(frozen=True)
class Progressed:
    """What was read out of an attempt's output last; `fraction` is of the whole job, 0 to 1."""

    attempt: str
    time: float
    fraction: Optional[float] = None
    eta_s: Optional[float] = None
    latest: List[Value] = field(default_factory=list)


@dataclass(frozen=True)
class GpuUse:
    """One GPU now; `holders` None where the driver can't tell."""

    uuid: str
    utilisation_percent: Optional[float]
    used_mib: Optional[int]
    temperature_c: Optional[float]
    power_w: Optional[float]
    holders: Optional[List[str]] = None


@dataclass(frozen=True)
class NodeUse:
    """The node now; rates in bytes per second, `cpu_percent` of the whole machine."""

    time: float
    cpu_percent: Optional[float]
    memory_used_mib: Optional[int]
    rx_bytes_s: Optional[float]
    tx_bytes_s: Optional[float]
    read_bytes_s: Optional[float]
    write_bytes_s: Optional[float]
    disk_free_mib: Optional[int]
    gpus: List[GpuUse] = field(default_factory=list)


@dataclass(frozen=True)
class GpuShare:
    """What one of its GPUs does while an attempt has it."""

    uuid: str
    utilisation_percent: Optional[float]
    used_mib: Optional[float]


@dataclass(frozen=True)
class AttemptUse:
    """An attempt's process tree at one moment; `cpu_percent` is 100 for one core, the network is the whole node's."""

    time: float
    cpu_percent: Optional[float]
    memory_mib: Optional[float]
    read_bytes_s: Optional[float]
    write_bytes_s: Optional[float]
    node_rx_bytes_s: Optional[float]
    node_tx_bytes_s: Optional[float]
    gpus: List[GpuShare] = field(default_factory=list)


@dataclass(frozen=True)
class Sampled:
    """The node's sample and that of each running attempt of the console's database."""

    node: NodeUse
    attempts: Dict[str, AttemptUse]


@dataclass(frozen=True)
class Reply:
    """The answer to a request that asks for no data: `error` is empty where it was done, else a sentence of a kind."""

    id: int
    error: str = ""
    kind: str = ""
    report: Optional[Report] = None


@dataclass(frozen=True)
class Chunk:
    """`length` of the answer's raw bytes belong to this stream at this offset, seen at `time`; see `ports.LogChunk`."""

    stream: str
    offset: int
    length: int
    time: float
    lost: int = 0


@dataclass(frozen=True)
class LogData:
    """Answer to ReadLog, with raw bytes. `ended`: the attempt is over and these are the last there will be."""

    id: int
    chunks: List[Chunk]
    block: int
    ended: bool


@dataclass(frozen=True)
class HistoryData:
    """Answer to ReadHistory, with raw bytes: first the series' lines, `series_length` bytes of them, then samples'."""

    id: int
    series_length: int
    complete: bool


@dataclass(frozen=True)
class Bye:
    """The link is over, and why."""

    reason: str


Request = Union[Ping, Subscribe, Launch, Stop, Acknowledge, Forget, ReadLog, ReadHistory]
Answer = Union[Reply, LogData, HistoryData]
Push = Union[Attempts, Changed, Progressed, Sampled]
Message = Union[Hello, Welcome, Bye, Request, Answer, Push]

NAMES: Dict[str, type] = {
    "hello": Hello,
    "welcome": Welcome,
    "bye": Bye,
    "ping": Ping,
    "subscribe": Subscribe,
    "launch": Launch,
    "stop": Stop,
    "acknowledge": Acknowledge,
    "forget": Forget,
    "read_log": ReadLog,
    "read_history": ReadHistory,
    "reply": Reply,
    "log_data": LogData,
    "history_data": HistoryData,
    "attempts": Attempts,
    "changed": Changed,
    "progressed": Progressed,
    "sampled": Sampled,
}
REQUESTS = (Ping, Subscribe, Launch, Stop, Acknowledge, Forget, ReadLog, ReadHistory)
ORDERS = (Launch, Stop, Acknowledge, Forget)
ANSWERS = (Reply, LogData, HistoryData)
PUSHES = (Attempts, Changed, Progressed, Sampled)
