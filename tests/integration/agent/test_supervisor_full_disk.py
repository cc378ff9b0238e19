"""A full disk: the job goes on, what is dropped is counted, the exit is recorded, nothing new is launched."""

from __future__ import annotations

import sys
from pathlib import Path

from agent.core.lifecycle import PREPARED
from tests.harness.attempts import Workbench, wait_until


def test_the_job_goes_on_and_kept_and_dropped_is_what_it_wrote(small_disk: Path) -> None:
    bench = Workbench(str(small_disk))
    script = (
        "import sys; [sys.stdout.write('x' * 999 + '\\n') for _ in range(8000)]; sys.stderr.write('end'); sys.exit(3)"
    )
    attempt_id = bench.launch([sys.executable, "-c", script])
    record = bench.exit_of(attempt_id)
    assert record.code == 3
    kept = bench.output(attempt_id)
    assert kept == (b"x" * 999 + b"\n") * (len(kept) // 1000) + (b"x" * (len(kept) % 1000))
    assert len(kept) + record.dropped["stdout"] == 8_000_000
    assert record.dropped["stdout"] > 0
    bench.close()


def test_a_launch_is_refused_before_the_point_of_no_return(small_disk: Path) -> None:
    bench = Workbench(str(small_disk))
    attempt_id = bench.prepare(["true"])
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                continue
        except OSError:
            pass
    bench.template.launch(attempt_id, bench.environment)
    notices = wait_until(lambda: [n for n in bench.template.read_notices() if n.kind == "failed"], "the refusal")
    assert "No space left on device" in notices[0].text
    assert bench.store.phase(attempt_id) == PREPARED
    filler.unlink()
    bench.template.launch(attempt_id, bench.environment)
    wait_until(lambda: bench.store.report(attempt_id).exit, "the exit")
    bench.close()
