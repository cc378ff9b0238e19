"""Requests: what a front end asks for.

They wait in the inbox until the leader turns them into events or refuses them.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.ids import JobId
from console.domain.jobs import JobSpec


@dataclass(frozen=True, slots=True)
class SubmitJob:
    """Queue a job. Id and number were given when the request was put into the inbox."""

    job: JobId
    number: int
    spec: JobSpec
    at: float


@dataclass(frozen=True, slots=True)
class EditJob:
    """Give a Pending or Failed job another spec; its type can't change."""

    job: JobId
    spec: JobSpec


@dataclass(frozen=True, slots=True)
class StopJob:
    """End a job: a Pending one becomes Failed at once, a Running one after its grace period."""

    job: JobId


@dataclass(frozen=True, slots=True)
class RestartJob:
    """Queue a Failed or Completed job again."""

    job: JobId


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Remove a job with its logs and outputs. A Running one is stopped first."""

    job: JobId


Request = SubmitJob | EditJob | StopJob | RestartJob | DeleteJob
