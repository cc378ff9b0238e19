"""The console: a terminal front end, an engine that schedules, and the links to the nodes."""

VERSION = "0.1.0"
