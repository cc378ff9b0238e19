from __future__ import annotations

import asyncio
import os
import signal
import stat
from pathlib import Path

import pytest

from agent.protocol.marker import MARKER, TROUBLE
from console.links.bundle import install_bundle, make_bundle
from console.links.local import ProcessStream, skip_noise
from console.links.stream import LinkFailed


def reader_of(*pieces: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    return reader


async def test_noise_before_the_marker_is_skipped_and_nothing_behind_it() -> None:
    assert await skip_noise(reader_of(b"Welcome!\n" * 100, MARKER[:5], MARKER[5:] + b"\0\0first")) == b"\0\0first"


async def test_too_much_noise_is_told() -> None:
    with pytest.raises(LinkFailed, match="64 KiB"):
        await skip_noise(reader_of(b"x" * 200_000))


async def test_a_shim_that_says_its_trouble() -> None:
    with pytest.raises(LinkFailed, match=r"^the disk is full$"):
        await skip_noise(reader_of(b"motd\n" + TROUBLE + b"the disk is full\n"))


async def test_a_shim_that_dies_without_a_word() -> None:
    with pytest.raises(LinkFailed, match="before it was connected"):
        await skip_noise(reader_of(b"Segmentation fault\n"))


def test_the_bundle_is_private_and_whole(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        place = install_bundle(make_bundle(), tmp_path / "state")
    finally:
        os.umask(before)
    assert {path.name for path in place.iterdir()} == {"__main__.py", "__pycache__", "agent", "pynvml.py"}
    for path in (tmp_path / "state").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


async def started(*argv: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, start_new_session=True)


async def test_a_shim_leaves_by_itself_when_its_stream_is_closed() -> None:
    process = await started("cat")
    await ProcessStream(process, b"").close()
    assert process.returncode == 0


async def test_a_shim_that_stays_is_killed() -> None:
    process = await started("sleep", "600")
    await ProcessStream(process, b"").close()
    assert process.returncode == -signal.SIGKILL
