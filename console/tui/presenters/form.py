"""The words of the form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from console.config.fields import FieldInfo
from console.domain.jobs import Job


def title(purpose: Literal["create", "clone", "edit"], job: Job | None) -> str:
    """What the form is for."""
    if job is None or purpose == "create":
        return "Create Job"
    return f"{purpose.capitalize()} #{job.number} {job.spec.name}"


def label(info: FieldInfo) -> str:
    """The label, with a star where something must be typed."""
    return f"{info.label}*" if info.required else info.label


def helper(info: FieldInfo) -> str:
    """The helper text, with the choices where they are not a list to pick from."""
    if info.is_open:
        return f"{info.helper}: {', '.join(info.choices)}"
    return info.helper


def placeholder(info: FieldInfo) -> str:
    """What stands in an empty field: an example that can't be taken for a value."""
    return f"e.g. {info.example}" if info.example else ""


def summary(wrong: Sequence[FieldInfo]) -> str:
    """One line about the fields that need another look; empty if none does."""
    if not wrong:
        return ""
    return f"Please look at {', '.join(info.label for info in wrong)}."
