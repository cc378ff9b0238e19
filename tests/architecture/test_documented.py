"""Every command and every setting is documented."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from console.cli.root import COMMANDS
from console.config.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme_and_shows_an_example(name: str) -> None:
    assert f"clusterdeck {name}" in README.read_text(encoding="utf-8")
    module = __import__(f"console.cli.{COMMANDS[name][0]}", fromlist=["command"])
    assert isinstance(module.command, click.Command)
    assert module.command.epilog
    assert f"clusterdeck {name}" in module.command.epilog


def test_the_example_configuration_lists_every_setting_with_its_default() -> None:
    listed = tomllib.loads((ROOT / "config.example.toml").read_text(encoding="utf-8"))
    assert listed == _plain(Settings())


def _plain(model: BaseModel) -> dict[str, object]:
    return model.model_dump(mode="json", exclude_none=True)
