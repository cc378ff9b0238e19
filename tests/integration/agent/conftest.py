from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.attempts import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    workbench = Workbench(str(tmp_path))
    yield workbench
    workbench.close()
