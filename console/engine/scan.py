"""What would be read out of a log: the door through which `clusterdeck scan` reaches the agent's readers."""

from __future__ import annotations

from agent.reading import Hints, ScanResult, display_line
from agent.reading import scan as read


def scan(stdout: bytes, stderr: bytes, epochs: int | None = None) -> ScanResult:
    """Levels, progress and metrics of a whole log. `epochs` is what the job would be submitted with."""
    return read(stdout, stderr, Hints(epochs=epochs))


def line_text(data: bytes, start: int, end: int) -> str:
    """A line of a stream as a terminal would have left it, NOT yet sanitised."""
    return display_line(data[start:end])
