"""The constants of supervision; tests shorten them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Policy:
    """How often a supervisor looks, and how long it is patient; times in seconds, sizes in bytes.

    ``poll_s``: the durable stop request is looked for even if no signal came. ``sample_s``: memory and CPU of the tree.
    ``straggler_grace_s``: what outlives the main process may take this long to end by itself. ``straggler_give_up_s``:
    a process that doesn't even die by SIGKILL (uninterruptible sleep) no longer holds up the record of the exit.
    ``readopt``: the template replaces a supervisor that dies at once, without waiting for the agent.
    """

    poll_s: float = 2.0
    sample_s: float = 1.0
    straggler_grace_s: float = 5.0
    straggler_give_up_s: float = 30.0
    segment_bytes: int = 64 << 20
    readopt: bool = True


@dataclass(frozen=True)
class Surroundings:
    """What a supervisor gets from its template.

    ``notify`` takes a kind of notice and a text; ``umask`` is the one that the job gets.
    """

    root: str
    policy: Policy
    umask: int
    notify: Callable[[str, str], None]
