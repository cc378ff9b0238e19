"""The agent: the one process per node and user that serves the console."""

VERSION = "0.1.0"
