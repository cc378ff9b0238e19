"""Progress of the whole job: counters are read from text, then joined to one fraction."""

from agent.reading.progress.counts import COUNT_READERS, Count, read_counts
from agent.reading.progress.job import JobProgress

__all__ = ["COUNT_READERS", "Count", "JobProgress", "read_counts"]
