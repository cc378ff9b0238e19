"""Writing the little TOML that clusterdeck writes: the standard library only reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping


def dump(keys: Mapping[str, object], tables: Mapping[str, Mapping[str, str]]) -> str:
    """Keys with texts, numbers, booleans or lists of texts; then the tables that aren't empty."""
    lines = [f"{key} = {_value(value)}" for key, value in keys.items()]
    for name, table in tables.items():
        if table:
            lines += ["", f"[{name}]", *(f"{_text(key)} = {_text(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case str():
            return _text(value)
        case list():
            return f"[{', '.join(_value(item) for item in value)}]"
        case _:
            raise TypeError(f"{type(value).__name__} has no form in TOML here")


def _text(value: str) -> str:
    # JSON's escapes are TOML's, but JSON lets DEL stand as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
