"""`clusterdeck`: the entry. What a command needs is imported when it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.cli.root import build_cli

if TYPE_CHECKING:
    from console.config.paths import Home
    from console.config.settings import Settings
    from console.domain.ids import JobId
    from console.engine.service import OpenService


def _open_service(home: Home, settings: Settings) -> OpenService:
    from console.wiring import open_service  # noqa: PLC0415 - start-up

    return open_service(home, settings)


def _run_console(home: Home, settings: Settings, jobs: Sequence[JobId] = ()) -> int:
    import asyncio  # noqa: PLC0415 - start-up

    from console.tui.run import show  # noqa: PLC0415 - start-up
    from console.wiring import log_to_file, open_service  # noqa: PLC0415 - start-up

    log_to_file(home)
    screen = settings.screen
    return asyncio.run(
        show(
            open_service(home, settings),
            only_ascii=screen.ascii,
            theme=f"clusterdeck-{screen.theme}",
            mouse=screen.mouse,
            keys=settings.keys,
            first=jobs[0] if jobs else None,
        )
    )


def main() -> None:
    """Run the command line; exits with its code."""
    build_cli(_open_service, _run_console)()


if __name__ == "__main__":
    main()
