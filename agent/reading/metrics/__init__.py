"""Metrics: named values and the step they belong to."""

from agent.reading.metrics.registry import METRIC_READERS, MetricTracker
from agent.reading.metrics.side_file import parse_metrics_line

__all__ = ["METRIC_READERS", "MetricTracker", "parse_metrics_line"]
