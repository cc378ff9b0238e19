"""A home of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.deck import Deck, temporary_deck


@pytest.fixture
def deck() -> Iterator[Deck]:
    """The real command on an empty home."""
    with temporary_deck() as made:
        yield made
