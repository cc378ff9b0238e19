"""`python -I <directory of the bundle> serve|shim [--state DIR]`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import List, Optional


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the agent or the shim; the exit code."""
    parser = argparse.ArgumentParser(
        prog="clusterdeck-agent", description="The part of clusterdeck that runs on a node."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve consoles until nobody needs it")
    serving.add_argument("--state", help="the directory for the node's state")
    serving.add_argument("--idle", type=float, default=600.0, help="leave after so many seconds with nothing to do")
    serving.add_argument("--ready", type=int, help="a descriptor to tell on that it listens")
    linking = commands.add_parser("shim", help="connect stdin and stdout to the agent, starting it if need be")
    linking.add_argument("--state", help="the directory for the node's state")
    linking.add_argument("--idle", type=float, default=600.0, help="what an agent that is started here is told")
    chosen = parser.parse_args(arguments)
    # Compiled files of the bundle are as private as the bundle; jobs get the umask that we were given.
    umask = os.umask(0o077)
    # Each imports only what it needs: a shim that waits for the whole agent to load would be felt at every connect.
    if chosen.command == "shim":
        from agent.shim import program, run  # noqa: PLC0415

        os.umask(umask)
        return run(chosen.state, [*program(), "serve", "--idle", str(chosen.idle)])
    from agent.service import serve  # noqa: PLC0415

    os.umask(umask)
    return serve(chosen.state, idle_s=chosen.idle, ready=chosen.ready)


if __name__ == "__main__":
    sys.exit(main())
