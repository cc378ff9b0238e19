"""Who may give orders: the highest epoch per database, kept durably; each command carried out once."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from typing import Dict, Generic, Optional, TypeVar

from agent.host.durable import write_durable

T = TypeVar("T")

_MOST_ANSWERS = 4096


class StaleEpoch(Exception):
    """An order came from a leader that another has replaced."""


class Fence:
    """The highest epoch seen per database."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._epochs: Dict[str, int] = _read(path)

    def check(self, database: str, epoch: int) -> None:
        """Let an epoch pass. StaleEpoch if a higher one was seen; one higher than ever is on the disk afterwards."""
        highest = self._epochs.get(database, -1)
        if epoch < highest:
            raise StaleEpoch(f"another console leads now (epoch {highest}, this order has {epoch}): nothing was done")
        if epoch > highest:
            raised = {**self._epochs, database: epoch}
            write_durable(self._path, json.dumps({"version": 1, "epochs": raised}).encode("utf-8"))
            self._epochs = raised


class Answers(Generic[T]):
    """The first answer to each recent command, for those whose answer got lost."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, T] = OrderedDict()

    def get(self, database: str, command: str) -> Optional[T]:
        """The answer given before, None for a new command."""
        return self._answers.get(f"{database}/{command}")

    def put(self, database: str, command: str, answer: T) -> None:
        """Keep an answer; the oldest go."""
        self._answers[f"{database}/{command}"] = answer
        while len(self._answers) > _MOST_ANSWERS:
            self._answers.popitem(last=False)


def _read(path: str) -> Dict[str, int]:
    if not os.path.exists(path):
        return {}
    with open(path, "rb") as file:
        return {str(database): int(epoch) for database, epoch in json.loads(file.read())["epochs"].items()}
