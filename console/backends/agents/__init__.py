"""Runs attempts through the agents of nodes."""

from console.backends.agents.backend import AgentsBackend

__all__ = ["AgentsBackend"]
