from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.services import Site, site_at


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return site_at(tmp_path)
