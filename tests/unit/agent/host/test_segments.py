from __future__ import annotations

from pathlib import Path

import pytest

from agent.host.segments import LogRangeGone, log_size, read_range


def test_a_stream_is_read_across_its_segments(tmp_path: Path) -> None:
    (tmp_path / "stdout.0").write_bytes(b"abc")
    (tmp_path / "stdout.3").write_bytes(b"defg")
    (tmp_path / "stdout.7").write_bytes(b"")
    (tmp_path / "stderr.0").write_bytes(b"other")
    (tmp_path / "stdout.x").write_bytes(b"no segment")
    assert log_size(str(tmp_path), "stdout") == 7
    for offset in range(9):
        for limit in range(9):
            assert read_range(str(tmp_path), "stdout", offset, limit) == b"abcdefg"[offset : offset + limit]


def test_what_retention_removed_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "stdout.3").write_bytes(b"defg")
    with pytest.raises(LogRangeGone) as caught:
        read_range(str(tmp_path), "stdout", 2, 10)
    assert caught.value.first == 3
    assert read_range(str(tmp_path), "stdout", 3, 10) == b"defg"


def test_an_attempt_without_output_is_empty(tmp_path: Path) -> None:
    assert log_size(str(tmp_path / "none"), "stdout") == 0
    assert read_range(str(tmp_path), "stdout", 0, 10) == b""
