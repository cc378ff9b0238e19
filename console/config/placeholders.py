"""The named placeholders of a command: only these are replaced, all other braces stay as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from console.domain.errors import InvalidInput
from console.domain.jobs import Hyperparameters

_PLACEHOLDER = re.compile(r"\{(epochs|batch_size|learning_rate|optimizer|checkpoint_dir)\}")
_LABELS = {
    "epochs": "Epochs",
    "batch_size": "Batch Size",
    "learning_rate": "Learning Rate",
    "optimizer": "Optimizer",
}


def fill(argv: Sequence[str], config: Hyperparameters) -> tuple[str, ...]:
    """The argv with the hyperparameters in place. `{checkpoint_dir}` stays: only the node knows it.

    InvalidInput if a placeholder has no value.
    """
    values = {
        "epochs": config.epochs,
        "batch_size": config.batch_size,
        "learning_rate": config.learning_rate,
        "optimizer": config.optimizer,
    }

    def value_of(found: re.Match[str]) -> str:
        key = found[1]
        if key == "checkpoint_dir":
            return found[0]
        value = values[key]
        if value is None:
            raise InvalidInput(
                f"Command has the placeholder {found[0]}, but {_LABELS[key]} is empty: "
                f"enter {_LABELS[key]}, or take {found[0]} out."
            )
        return str(value)

    return tuple(_PLACEHOLDER.sub(value_of, part) for part in argv)
