"""How fast logs are read: MB/s per kind of line, beside a floor that only splits lines, in the same run.

usage: python benchmarks/reading.py [--megabytes N] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable

from agent.reading import LineLevels, LogReader

CHUNK = 64 * 1024
PLAIN_BAR_MB_S = 20.0
MEMORY_BAR_MB = 5.0

LINES: dict[str, tuple[str, Callable[[int], str]]] = {
    "plain": (
        "stdout",
        lambda i: f"worker {i} processed its shard without trouble and takes the next from the queue\n",
    ),
    "logging": ("stdout", lambda i: f"2026-01-02 10:00:00,123 - train - INFO - processed shard {i} from the queue\n"),
    "stderr": (
        "stderr",
        lambda i: f"worker {i} processed its shard without trouble and takes the next from the queue\n",
    ),
    "metrics": ("stdout", lambda i: f"step {i}/1000000 loss={1 / (i + 1):.5f} acc=0.5\n"),
    "bars": ("stderr", lambda i: f"\rtrain:  45%|████▌     | {i}/240000 [00:02<00:02, 57.90it/s, loss=0.31]"),
}


def log_of(line: Callable[[int], str], megabytes: float) -> list[bytes]:
    """About so many megabytes of such lines, in the chunks in which they are read."""
    size = len(line(1).encode())
    data = "".join(line(i) for i in range(int(megabytes * 1e6 / size))).encode()
    return [data[i : i + CHUNK] for i in range(0, len(data), CHUNK)]


def rate(chunks: list[bytes], feed: Callable[[bytes], object]) -> float:
    """MB/s of one pass."""
    begin = time.perf_counter()
    for chunk in chunks:
        feed(chunk)
    return sum(map(len, chunks)) / 1e6 / (time.perf_counter() - begin)


def best(chunks: list[bytes], make: Callable[[], Callable[[bytes], object]]) -> float:
    """The best of three passes: others use the machine too."""
    return max(rate(chunks, make()) for _ in range(3))


def peak_memory(chunks: list[bytes], stream: str) -> float:
    """MB that a reader holds and hands out at most while it reads, without the log itself."""
    reader = LogReader()
    tracemalloc.start()
    try:
        for chunk in chunks:
            reader.feed(stream, chunk)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def measure(megabytes: float) -> list[dict[str, float | str]]:
    """A row for each kind of line."""
    rows: list[dict[str, float | str]] = []
    for name, (stream, line) in LINES.items():
        chunks = log_of(line, megabytes)

        def reader(stream: str = stream) -> Callable[[bytes], object]:
            made = LogReader()
            return lambda data: made.feed(stream, data)

        rows.append(
            {
                "lines": name,
                "floor_mb_s": round(best(chunks, lambda: lambda data: data.split(b"\n")), 1),
                "levels_mb_s": round(best(chunks, lambda stream=stream: LineLevels(stream).feed), 1),
                "reader_mb_s": round(best(chunks, reader), 1),
                "peak_mb": round(peak_memory(chunks, stream), 2),
            }
        )
    return rows


def main() -> int:
    """Print the table or the document; 1 when a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=4.0, help="of each kind of line (default 4)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    options = parser.parse_args()
    rows = measure(options.megabytes)
    plain = next(row for row in rows if row["lines"] == "plain")
    reached = float(plain["reader_mb_s"]) >= PLAIN_BAR_MB_S and float(plain["peak_mb"]) <= MEMORY_BAR_MB
    if options.json:
        print(json.dumps({"rows": rows, "bar_mb_s": PLAIN_BAR_MB_S, "bar_peak_mb": MEMORY_BAR_MB, "reached": reached}))
    else:
        print(f"{'lines':10}{'split MB/s':>12}{'levels MB/s':>13}{'reader MB/s':>13}{'peak MB':>9}")
        for row in rows:
            print(
                f"{row['lines']:10}{row['floor_mb_s']:>12}{row['levels_mb_s']:>13}{row['reader_mb_s']:>13}{row['peak_mb']:>9}"
            )
        print(
            f"plain lines: at least {PLAIN_BAR_MB_S:g} MB/s within {MEMORY_BAR_MB:g} MB: {'yes' if reached else 'no'}"
        )
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
