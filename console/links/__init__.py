"""Byte streams to the agents of nodes: how to get one, nothing of what is said on it."""
