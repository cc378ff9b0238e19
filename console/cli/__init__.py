"""The command line: a front end that knows the engine's service, the configuration and the domain, nothing else."""

from console.cli.root import build_cli

__all__ = ["build_cli"]
