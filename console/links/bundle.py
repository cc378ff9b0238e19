"""The bundle: all that a node needs of us, named by the hash of its content."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from console.links.stream import LinkRefused

_MAIN = b"""\
import os
import sys

before = os.umask(0o077)
from agent.__main__ import main
os.umask(before)
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files by their path inside the bundle; `digest` is the hash of all of them."""

    files: tuple[tuple[str, bytes], ...]
    digest: str


def make_bundle() -> Bundle:
    """The agent of this very installation with the GPU binding. LinkRefused if a part of it isn't there."""
    agent = _origin("agent").parent
    files = {f"agent/{path.relative_to(agent)}": path.read_bytes() for path in sorted(agent.rglob("*.py"))}
    files["pynvml.py"] = _origin("pynvml").read_bytes()
    files["__main__.py"] = _MAIN
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return Bundle(tuple(sorted(files.items())), digest.hexdigest()[:24])


def install_bundle(bundle: Bundle, state_dir: Path) -> Path:
    """Put the bundle below a state directory unless it is there; returns its own directory. OSError if it can't be
    written. A bundle is never half there: it gets its name when it is whole."""
    versions = state_dir / "versions"
    place = versions / bundle.digest
    if place.is_dir():
        return place
    for directory in (state_dir, versions):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = versions / f".{bundle.digest}.{secrets.token_hex(4)}"
    try:
        for name, content in bundle.files:
            _write(making / name, content)
        # Python makes this one itself before the agent can set its umask.
        (making / "__pycache__").mkdir(mode=0o700)
        try:
            making.rename(place)
        except OSError:
            # Another console was faster: its copy is the same.
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return place


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _origin(module: str) -> Path:
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise LinkRefused(f"the module '{module}' is not installed: install clusterdeck again")
    return Path(found.origin)
