"""Errors a person can act on.

ClusterdeckError        every one carries a whole sentence: what is wrong, where, what to do
├── InvalidInput        wrong usage or input                                   exit 2
├── NotFound            no such job, node, attempt                             exit 3
├── Refused             understood, but not possible in the present state      exit 1
├── NobodyToDoIt        no leader, node out of reach                           exit 4
└── StoreUnusable       the database can't be used as it is                    exit 1
"""

from __future__ import annotations


class ClusterdeckError(Exception):
    """Base of all errors that reach a person; `str()` is the sentence to show."""

    exit_code = 1


class InvalidInput(ClusterdeckError):
    """What was typed can't be taken: wrong type, range, key, directory or usage."""

    exit_code = 2


class NotFound(ClusterdeckError):
    """The job, node or attempt that was named doesn't exist."""

    exit_code = 3


class Refused(ClusterdeckError):
    """The request is well formed, but the state of its object doesn't allow it."""

    exit_code = 1


class NobodyToDoIt(ClusterdeckError):
    """Nobody schedules, or the node is out of reach."""

    exit_code = 4


class StoreUnusable(ClusterdeckError):
    """The database can't be opened or written: network file system, damage, a full disk."""

    exit_code = 1
