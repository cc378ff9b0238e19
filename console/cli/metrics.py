"""`clusterdeck metrics`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from console.cli.output import put, put_csv, put_json, say, utc, width
from console.cli.session import Session, pass_session
from console.domain.errors import InvalidInput

if TYPE_CHECKING:
    from console.engine.service import Service
    from console.ports import MetricPoint


@click.command("metrics", epilog="Example: clusterdeck metrics 12 --csv > loss.csv")
@click.argument("job", metavar="JOB")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="The N-th attempt; the newest if left out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document: {name: [[step, time, value], ...]}.")
@click.option("--csv", "as_csv", is_flag=True, help="Columns name, step, time, value.")
@pass_session
def command(session: Session, job: str, attempt: int | None, as_json: bool, as_csv: bool) -> int:
    """Print the metrics that were read out of a job's output. A JOB is its number, id or unique name."""
    if as_json and as_csv:
        raise InvalidInput("--json and --csv exclude each other: choose one.")
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    async def work(service: Service) -> int:
        view = service.find(job)
        points = await service.metrics(view.job.id, attempt)
        if as_json:
            from console.cli import documents  # noqa: PLC0415 - start-up

            put_json(documents.metrics(points))
        elif as_csv:
            put_csv(
                ("name", "step", "time", "value"),
                ((point.name, point.step, utc(point.time), point.value) for point in points),
            )
        elif points:
            put(render(points, width()))
        else:
            say(f"job {view.job.number} has no metrics: print loss=0.31, or append JSON to $CLUSTERDECK_METRICS.")
        return 0

    return session.run(Mode.OBSERVE, work)


def render(points: Sequence[MetricPoint], columns: int | None) -> str:
    """One line per metric: how many values, the last, and between which they lie."""
    from console.cli.tables import Column, table  # noqa: PLC0415 - start-up
    from console.cli.words import number  # noqa: PLC0415 - start-up

    by_name: dict[str, list[MetricPoint]] = {}
    for point in points:
        by_name.setdefault(point.name, []).append(point)
    rows = []
    for name, series in by_name.items():
        finite = [point.value for point in series if math.isfinite(point.value)]
        last = series[-1]
        rows.append(
            (
                name,
                str(len(series)),
                number(last.step),
                number(last.value),
                number(min(finite, default=None)),
                number(max(finite, default=None)),
            )
        )
    heads = (
        Column("METRIC", flexible=True),
        Column("VALUES", rank=2, right=True),
        Column("STEP", rank=1, right=True),
        Column("LAST", right=True),
        Column("LEAST", rank=3, right=True),
        Column("MOST", rank=3, right=True),
    )
    return table(heads, rows, columns)
