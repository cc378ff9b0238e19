"""`clusterdeck usage`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from console.cli.output import local_time, put, put_csv, put_json, say, width
from console.cli.session import Session, pass_session
from console.domain.errors import InvalidInput

if TYPE_CHECKING:
    from console.domain.nodes import AttemptSample
    from console.engine.service import Service

_SHOWN = 20
_COLUMNS = ("time", "cpu_percent", "memory_gb", "read_bytes_s", "write_bytes_s", "node_rx_bytes_s", "node_tx_bytes_s")


@click.command("usage", epilog="Example: clusterdeck usage 12 --json")
@click.argument("job", metavar="JOB")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="The N-th attempt; the newest if left out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document: a list of samples.")
@click.option("--csv", "as_csv", is_flag=True, help="The same as columns; one line per sample and GPU.")
@pass_session
def command(session: Session, job: str, attempt: int | None, as_json: bool, as_csv: bool) -> int:
    """Print what a job used: CPU, memory, disk, GPUs, and the network of its node."""
    if as_json and as_csv:
        raise InvalidInput("--json and --csv exclude each other: choose one.")
    from console.engine.service import Mode  # noqa: PLC0415 - start-up

    async def work(service: Service) -> int:
        view = service.find(job)
        samples = await service.usage(view.job.id, attempt)
        if as_json:
            from console.cli import documents  # noqa: PLC0415 - start-up

            put_json(documents.usage(samples))
        elif as_csv:
            _put_csv(samples)
        elif samples:
            put(render(samples[-_SHOWN:], width()))
            if len(samples) > _SHOWN:
                say(f"the last {_SHOWN} of {len(samples)} samples; --csv gives all")
        else:
            say(f"job {view.job.number} has no samples: they are taken once a second while it runs.")
        return 0

    return session.run(Mode.OBSERVE, work)


def _put_csv(samples: Sequence[AttemptSample]) -> None:
    from console.cli import documents  # noqa: PLC0415 - start-up

    rows = []
    for document in documents.usage(samples):
        plain = [document[column] for column in _COLUMNS]
        rows += [
            [*plain, gpu["uuid"], gpu["utilisation_percent"], gpu["memory_gb"]]
            for gpu in document["gpus"] or [{"uuid": None, "utilisation_percent": None, "memory_gb": None}]
        ]
    put_csv((*_COLUMNS, "gpu_uuid", "gpu_utilisation_percent", "gpu_memory_gb"), rows)


def render(samples: Sequence[AttemptSample], columns: int | None) -> str:
    """The samples as a table; rates of the network are the node's."""
    from console.cli.tables import Column, table  # noqa: PLC0415 - start-up
    from console.cli.words import number, rate  # noqa: PLC0415 - start-up

    heads = (
        Column("TIME"),
        Column("CPU", right=True),
        Column("MEMORY", right=True),
        Column("READ", rank=2, right=True),
        Column("WRITE", rank=2, right=True),
        Column("NODE RX", rank=3, right=True),
        Column("NODE TX", rank=3, right=True),
        Column("GPU", rank=1, flexible=True),
    )
    rows = [
        (
            local_time(sample.time),
            number(sample.cpu_percent, " %"),
            number(sample.memory_mib, " MiB"),
            rate(sample.read_bytes_s),
            rate(sample.write_bytes_s),
            rate(sample.node_rx_bytes_s),
            rate(sample.node_tx_bytes_s),
            ", ".join(f"{number(percent, ' %')} {number(mib, ' MiB')}".strip() for _, percent, mib in sample.gpus),
        )
        for sample in samples
    ]
    return table(heads, rows, columns)
