"""Named places where a test can end the process as a power cut would.

``CLUSTERDECK_FAILPOINT=name:n`` in the environment kills the process at its n-th passing of that name.
"""

from __future__ import annotations

import itertools
import os
import signal

VARIABLE = "CLUSTERDECK_FAILPOINT"

_passed = itertools.count(1)


def failpoint(name: str) -> None:
    """Pass a named place; doesn't return if this is where the process has to end."""
    wanted, _, count = os.environ.get(VARIABLE, "").partition(":")
    if wanted != name:
        return
    if next(_passed) >= int(count or "1"):
        os.kill(os.getpid(), signal.SIGKILL)
