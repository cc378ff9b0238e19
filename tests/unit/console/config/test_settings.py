"""Settings: defaults, the example file, and errors that name file and key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from console.config.settings import Settings, load_settings
from console.domain.errors import InvalidInput

EXAMPLE = Path(__file__).parents[4] / "config.example.toml"


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "config.toml") == Settings()


def test_the_example_lists_every_setting_with_its_default() -> None:
    assert tomllib.loads(EXAMPLE.read_text()) == Settings().model_dump()
    assert load_settings(EXAMPLE) == Settings()


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("[screen]\nthem = 'dark'", ['no setting "them" in [screen]', 'did you mean "theme"?']),
        ("[scren]", ['no setting "scren" at the top', 'did you mean "screen"?']),
        ("zzz = 1", ["there are keys, logs, nodes, screen."]),
        ("[screen]\nascii = 'yes'", ['screen.ascii must be true or false, not "yes".']),
        ("[screen]\ntheme = 'blue'", ['screen.theme must be "dark", "light" or "contrast", not "blue".']),
        ("[keys]\nstop = 3", ['keys.stop must be a table of action names and keys, not "3".']),
        ("[nodes]\nstop_grace_s = -1", ["nodes.stop_grace_s must be a number of seconds from 0 to 3600"]),
        ("[logs]\nmirror_mib = 1.5", ["logs.mirror_mib must be a whole number of MiB"]),
        ("logs = 3", ["logs must be a table"]),
        ("[logs", ["not valid TOML"]),
    ],
)
def test_errors_say_what_is_expected(tmp_path: Path, content: str, parts: list[str]) -> None:
    file = tmp_path / "config.toml"
    file.write_text(content)
    with pytest.raises(InvalidInput) as caught:
        load_settings(file)
    assert all(part in str(caught.value) for part in [str(file), *parts])


def test_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="can't be read"):
        load_settings(tmp_path)
