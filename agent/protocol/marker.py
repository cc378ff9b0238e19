"""The first line that a shim prints. What login shells print before it is skipped."""

from __future__ import annotations

MARKER = b"CLUSTERDECK-LINK-1\n"
"""The link is made: the agent's bytes follow."""

TROUBLE = b"CLUSTERDECK-TROUBLE-1 "
"""There is no link: the rest of the line says why."""

MOST_NOISE = 64 * 1024
