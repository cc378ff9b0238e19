"""Settings: what a person may write into config.toml. Each has a default, and something that uses it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from console.config.nearest import did_you_mean
from console.config.problems import why
from console.config.values import said
from console.domain.errors import InvalidInput


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NodeSettings(_Section):
    """How attempts are treated on a node. The description of a field says what is expected of its value."""

    stop_grace_s: Annotated[float, Field(ge=0, le=3600, description="a number of seconds from 0 to 3600")] = 10.0
    agent_idle_minutes: Annotated[float, Field(gt=0, le=10080, description="a number of minutes above 0")] = 10.0


class LogSettings(_Section):
    """What the console keeps of a log once its attempt is over."""

    mirror_mib: Annotated[int, Field(ge=0, le=1024, description="a whole number of MiB from 0 to 1024")] = 8


class ScreenSettings(_Section):
    """The look of the console."""

    theme: Annotated[Literal["dark", "light", "contrast"], Field(description='"dark", "light" or "contrast"')] = "dark"
    ascii: Annotated[bool, Field(description="true or false")] = False
    mouse: Annotated[bool, Field(description="true or false")] = True


class Settings(_Section):
    """All settings."""

    nodes: Annotated[NodeSettings, Field(description="a table")] = NodeSettings()
    logs: Annotated[LogSettings, Field(description="a table")] = LogSettings()
    screen: Annotated[ScreenSettings, Field(description="a table")] = ScreenSettings()
    keys: Annotated[dict[str, str], Field(description="a table of action names and keys")] = {}


def load_settings(path: Path) -> Settings:
    """The settings of a file; the defaults if there is none. InvalidInput with file, key and what is expected."""
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The configuration {path} can't be read: {why(error)}.") from error
    try:
        return Settings.model_validate(tomllib.loads(source))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise InvalidInput("\n".join(_sentences(path, error))) from error


def _sentences(path: Path, error: ValidationError) -> list[str]:
    sentences = []
    for item in error.errors(include_url=False):
        keys = [str(part) for part in item["loc"]]
        section, expected = _described(keys)
        if item["type"] == "extra_forbidden":
            where = f"in [{'.'.join(keys[:-1])}]" if keys[:-1] else "at the top"
            sentences.append(
                f"{path}: there is no setting {said(keys[-1])} {where}{did_you_mean(keys[-1], section.model_fields)}"
            )
        else:
            sentences.append(f"{path}: {'.'.join(keys)} must be {expected}, not {said(item['input'])}.")
    return sentences


def _described(keys: list[str]) -> tuple[type[BaseModel], str]:
    """The innermost section that the keys lead to, and what is expected of the setting that they name."""
    section: type[BaseModel] = Settings
    expected = ""
    for key in keys:
        field = section.model_fields.get(key)
        if field is None:
            break
        expected = field.description or ""
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            break
        section = field.annotation
    return section, expected
