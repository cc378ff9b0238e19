"""Where things are kept: configuration, database, cache, and the state of this machine's agent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from console.config.filesystems import network_type
from console.domain.errors import InvalidInput

HOME_VARIABLE = "CLUSTERDECK_HOME"
_APP = "clusterdeck"


@dataclass(frozen=True, slots=True)
class Home:
    """The directories of one installation. `root` is the one above them all, None for the platform's usual ones.

    `agent_state_dir` is where the agent of this machine keeps its nodes' directories: always on a local disk.
    """

    root: Path | None
    config_dir: Path
    data_dir: Path
    cache_dir: Path
    agent_state_dir: Path

    @property
    def config_file(self) -> Path:
        """The settings that a person writes."""
        return self.config_dir / "config.toml"

    @property
    def database(self) -> Path:
        """The database of jobs; its lock lies beside it."""
        return self.data_dir / "clusterdeck.db"

    @property
    def serve_log(self) -> Path:
        """What a background process that leads has to say."""
        return self.data_dir / "serve.log"

    @property
    def arguments(self) -> tuple[str, ...]:
        """What makes another clusterdeck process use the same directories."""
        return () if self.root is None else ("--home", str(self.root))


def find_home(chosen: str | None, environ: Mapping[str, str]) -> Home:
    """The home that `--home` names, else CLUSTERDECK_HOME, else the platform's directories. Creates nothing."""
    named = chosen or environ.get(HOME_VARIABLE)
    if not named:
        return Home(
            root=None,
            config_dir=Path(platformdirs.user_config_dir(_APP, appauthor=False)),
            data_dir=Path(platformdirs.user_data_dir(_APP, appauthor=False)),
            cache_dir=Path(platformdirs.user_cache_dir(_APP, appauthor=False)),
            agent_state_dir=_on_local_disk(Path(platformdirs.user_state_dir(_APP, appauthor=False))),
        )
    root = Path(os.path.normpath(Path.cwd() / Path(named).expanduser()))
    if root.exists() and not root.is_dir():
        raise InvalidInput(
            f"{'--home' if chosen else HOME_VARIABLE} names {root}, which is not a directory: name a directory."
        )
    return Home(root, root, root, root / "cache", _on_local_disk(root / "agent"))


def _on_local_disk(path: Path) -> Path:
    return Path(f"/var/tmp/clusterdeck-{os.getuid()}") if network_type(path) else path  # noqa: S108 - checked by the agent
