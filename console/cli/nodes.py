"""`clusterdeck nodes`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from console.cli.output import put, put_json, say, width
from console.cli.session import Session, pass_session

if TYPE_CHECKING:
    from console.engine.service import NodeView, Service


@click.command("nodes", epilog="Example: clusterdeck nodes --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON document: a list of nodes.")
@pass_session
def command(session: Session, as_json: bool) -> int:
    """List nodes with what is allocated and used on them."""
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    async def work(service: Service) -> int:
        views = service.nodes()
        if as_json:
            from console.cli import documents  # noqa: PLC0415 - start-up

            now = time.time()
            put_json([documents.node(view, now) for view in views])
        elif views:
            put(render(views, width()))
        else:
            say("No node is known yet: open the console, or run `clusterdeck serve --detach`.")
        return 0

    return session.run(Mode.OBSERVE, work)


def render(views: Sequence[NodeView], columns: int | None) -> str:
    """The table: allocated of all, then what is really used."""
    from console.cli.tables import Column, table  # noqa: PLC0415 - start-up
    from console.cli.words import number  # noqa: PLC0415 - start-up

    heads = (
        Column("NAME", flexible=True),
        Column("HOST", rank=4, flexible=True),
        Column("STATE"),
        Column("JOBS", rank=1, right=True),
        Column("CPUS", right=True),
        Column("CPU", rank=2, right=True),
        Column("MEMORY (GB)", right=True),
        Column("USED", rank=2, right=True),
        Column("GPUS", right=True),
        Column("REASON", rank=3, flexible=True),
    )
    rows = []
    for view in views:
        facts, sample = view.node.facts, view.sample
        total = facts.capacity if facts else None
        used = sample.memory_used_mib if sample else None
        rows.append(
            (
                view.node.name,
                view.node.host,
                view.node.state.value,
                str(view.running),
                f"{view.allocated_cpus}/{total.cpus}" if total else "",
                number(sample.cpu_percent if sample else None, " %"),
                f"{view.allocated_memory_mib / 1024:.4g}/{total.memory_gb:.4g}" if total else "",
                "" if used is None else f"{used / 1024:.4g}",
                f"{len(view.gpu_jobs)}/{total.gpus}" if total else "",
                view.node.reason,
            )
        )
    return table(heads, rows, columns)
