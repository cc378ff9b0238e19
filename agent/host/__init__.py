"""The node's files, processes and devices."""
