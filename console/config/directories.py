"""Directories that a person names: resolved against this machine, since its node is where they must exist."""

from __future__ import annotations

import os
from pathlib import Path

from console.config.problems import why
from console.config.values import BadValue, said, text


def working_directory(value: object) -> str:
    """The absolute path of an existing directory. `~` is the home; a relative path starts at the current directory.

    BadValue if there is no such directory.
    """
    typed = text("Directory", value, limit=4096).strip()
    try:
        path = Path(os.path.normpath(Path.cwd() / Path(typed).expanduser()))
        exists = path.is_dir()
    except (OSError, RuntimeError) as error:
        raise BadValue(f"Directory {said(typed)} can't be read on this machine: {why(error)}.") from error
    if not exists:
        kind = "is not a directory" if path.exists() else "does not exist on this machine"
        raise BadValue(f"Directory {said(str(path))} {kind}: create it, or name another.")
    return str(path)
