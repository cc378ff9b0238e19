"""The root command: help, errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from console.cli.root import COMMANDS
from console.domain.errors import NobodyToDoIt
from tests.unit.console.cli.conftest import Deck


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(deck: Deck, name: str) -> None:
    result = deck.run(name, "--help")
    assert result.exit_code == 0
    assert "Example: " in result.stdout
    assert "clusterdeck" in result.stdout


def test_the_list_names_every_command(deck: Deck) -> None:
    result = deck.run("--help")
    assert all(f"  {name} " in result.stdout for name in COMMANDS)


def test_without_a_command_the_console_opens(deck: Deck) -> None:
    assert deck.run().exit_code == 0
    assert deck.consoles == [()]


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (("sumbit",), 'There is no command "sumbit"; did you mean "submit"?'),
        (("jobs", "--jsn"), "--json"),
        (("show",), "Missing argument 'JOB'"),
        (("logs", "1", "--level", "loud"), "'debug', 'info'"),
    ],
)
def test_wrong_usage_is_2(deck: Deck, args: tuple[str, ...], part: str) -> None:
    result = deck.run(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert part in result.stderr
    assert "--help" in result.stderr


def test_a_job_that_is_not_there_is_3(deck: Deck) -> None:
    result = deck.run("show", "7")
    assert result.exit_code == 3
    assert "There is no job" in result.stderr


def test_errors_are_cleaned(deck: Deck) -> None:
    deck.service.failure = NobodyToDoIt("node \x1b]52;c;x\x07evil is out of reach")
    deck.service.add("a", "running")
    result = deck.run("stop", "1")
    assert result.exit_code == 4
    assert "\x1b" not in result.stderr
    assert "node evil is out of reach" in result.stderr


def test_a_bad_configuration_is_2(deck: Deck) -> None:
    (deck.home / "config.toml").write_text("[screen]\nthem = 'dark'\n")
    result = deck.run("jobs")
    assert result.exit_code == 2
    assert 'did you mean "theme"?' in result.stderr


def test_an_interrupt_is_130(deck: Deck) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    deck.on_open = interrupt
    result = deck.run("jobs")
    assert result.exit_code == 130
    assert result.stderr.strip() == "Interrupted."


def test_a_fault_of_our_own_is_a_sentence_too(deck: Deck, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError("x")

    deck.on_open = fail
    result = deck.run("jobs")
    assert result.exit_code == 1
    assert "a fault of clusterdeck itself (ZeroDivisionError: x)" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("CLUSTERDECK_TRACEBACK", "1")
    assert isinstance(deck.run("jobs").exception, ZeroDivisionError)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from console.cli import build_cli\n"
        "try: build_cli(None, None)(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'asyncio', 'pydantic', 'textual', 'asyncssh', 'plotext', 'aiosqlite', 'yaml', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    root = Path(__file__).parents[4]
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
