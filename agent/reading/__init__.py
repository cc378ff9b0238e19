"""Reading training logs: bytes of a job's output -> lines, levels, progress, metrics. Pure, standard library only.

`docs/reading.md` says how to add a reader.
"""

from agent.reading.findings import Finding, Hints, Level, Line, Metric, Progress, ScanResult
from agent.reading.metrics.side_file import MetricsLine, parse_metrics_line
from agent.reading.reader import LineLevels, LogReader, scan
from agent.reading.text import display_line

__all__ = [
    "Finding",
    "Hints",
    "Level",
    "Line",
    "LineLevels",
    "LogReader",
    "Metric",
    "MetricsLine",
    "Progress",
    "ScanResult",
    "display_line",
    "parse_metrics_line",
    "scan",
]
