"""What is wrong with a job that somebody typed."""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Problem:
    """One field that can't be taken; `message` is a whole sentence for people."""

    field: str
    message: str


def why(error: Exception) -> str:
    """What the system says was wrong, without its number and the path that the sentence has already."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class InvalidJob(InvalidInput):
    """A job can't be taken as it is; `problems` holds all that is wrong, in the order of the fields."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(problem.message for problem in problems))
        self.problems = problems
