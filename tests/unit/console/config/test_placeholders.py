"""Placeholders in commands."""

from __future__ import annotations

import pytest

from console.config.placeholders import fill
from console.domain.errors import InvalidInput
from console.domain.jobs import Hyperparameters


def test_only_the_named_ones_are_replaced() -> None:
    config = Hyperparameters(3, 16, 0.5, "SGD")
    command = ("{epochs}", "--b={batch_size}", "{learning_rate} {optimizer}", "{checkpoint_dir}/{other}{}", "${epochs}")
    assert fill(command, config) == ("3", "--b=16", "0.5 SGD", "{checkpoint_dir}/{other}{}", "$3")


def test_one_without_a_value_is_an_error() -> None:
    with pytest.raises(InvalidInput, match=r"\{batch_size\}, but Batch Size is empty"):
        fill(("{batch_size}",), Hyperparameters(epochs=1))


def test_what_was_filled_in_is_not_looked_at_again() -> None:
    assert fill(("{optimizer}",), Hyperparameters(optimizer="{epochs}")) == ("{epochs}",)
