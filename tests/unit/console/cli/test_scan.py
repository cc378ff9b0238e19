"""`scan`: what would be read out of a log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.console.cli.conftest import Deck


@pytest.fixture
def streams(tmp_path: Path) -> tuple[str, str]:
    out, err = tmp_path / "out", tmp_path / "err"
    out.write_bytes(b"Epoch 1/2 loss=0.5\nplain \x1b[2J\xff\nEpoch 2/2 loss=0.25\n")
    err.write_bytes(b"ERROR: no\n")
    return str(out), str(err)


def test_json_is_one_document(deck: Deck, streams: tuple[str, str]) -> None:
    found = json.loads(deck.run("scan", *streams, "--json").stdout)
    assert list(found) == ["lines", "progress", "metrics"]
    assert found["lines"][-1] == {"stream": "stderr", "line": 1, "level": "error"}
    assert [metric["value"] for metric in found["metrics"]] == [0.5, 0.25]
    assert not deck.modes


def test_the_margin_shows_what_was_read(deck: Deck, streams: tuple[str, str]) -> None:
    text = deck.run("scan", *streams).stdout
    assert "loss=0.25" in text.splitlines()[3].partition("│")[0]
    assert "E " in text.splitlines()[-2]
    assert "4 lines; " in text
    assert "metrics: loss" in text
    assert "\x1b" not in text


def test_a_missing_log(deck: Deck) -> None:
    result = deck.run("scan", "nope")
    assert result.exit_code == 2
    assert "The log nope can't be read" in result.stderr
