"""What the server needs of its siblings; `agent.service` hands it in."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Protocol, Sequence, Tuple

from agent.protocol.messages import AttemptUse, Chunk, Gpu, NodeUse


class Launcher(Protocol):
    """Starts supervisors."""

    def launch(self, attempt_id: str, environment: Mapping[str, str]) -> None:
        """Have a prepared attempt launched; what came of it stands in its directory."""
        ...

    def adopt(self, attempt_id: str) -> None:
        """Have a live attempt watched again whose supervisor died."""
        ...


class Piece(Protocol):
    """A piece of an attempt's output."""

    @property
    def chunks(self) -> List[Chunk]:
        """Which bytes these are."""
        ...

    @property
    def data(self) -> bytes:
        """The bytes of all chunks in one row."""
        ...

    @property
    def block(self) -> int:
        """Where to go on."""
        ...

    @property
    def more(self) -> bool:
        """Whether there is more already."""
        ...


class Records(Protocol):
    """The recorded output, metrics and samples of attempts."""

    def follow(self, attempt_id: str, epochs: Optional[int]) -> None:
        """Read an attempt's output from now on."""
        ...

    def end(self, attempt_id: str) -> None:
        """The attempt is over."""
        ...

    def drop(self, attempt_id: str) -> None:
        """The attempt's directory is about to go."""
        ...

    def is_reading(self, attempt_id: str) -> bool:
        """Whether more may still be read out of the output."""
        ...

    def is_growing(self, attempt_id: str) -> bool:
        """Whether more output may still come."""
        ...

    def news(self, attempt_id: str) -> None:
        """Forget earlier news."""
        ...

    async def wait(self, attempt_id: str, timeout_s: float) -> None:
        """Wait for news since `news` was called."""
        ...

    def read_log(
        self, attempt_id: str, positions: Dict[str, int], streams: Sequence[str], block: int, tail: int
    ) -> Piece:
        """The next bytes; with a `tail`, of the last so many."""
        ...

    def read_history(self, attempt_id: str, series: int, samples: int) -> Tuple[bytes, bytes, bool]:
        """The next lines of series and samples, and whether these are all there are now."""
        ...


class Gauges(Protocol):
    """What the node has and uses."""

    def gpus(self) -> List[Gpu]:
        """The GPUs that the driver shows now."""
        ...

    def refusal(self, gpu_uuids: Sequence[str]) -> Optional[str]:
        """Why these GPUs can't be given to a job now; None if they can."""
        ...

    def sample(self, running: Mapping[str, Sequence[str]]) -> Tuple[NodeUse, Dict[str, AttemptUse]]:
        """The node and its running attempts (id to GPU UUIDs) now; takes some milliseconds."""
        ...
