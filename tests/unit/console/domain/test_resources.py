from __future__ import annotations

import pytest

from console.domain.resources import NOTHING, Resources


def test_amounts_add_up_and_come_back() -> None:
    small, large = Resources(1, 1024, 0), Resources(8, 65536, 2)
    assert small + large == Resources(9, 66560, 2)
    assert (small + large) - large == small
    assert NOTHING + small == small


@pytest.mark.parametrize("more", [Resources(5, 1, 1), Resources(1, 5, 1), Resources(1, 1, 5)])
def test_every_single_amount_has_to_fit(more: Resources) -> None:
    whole = Resources(4, 4, 4)
    assert not more.fits_in(whole)
    assert whole.fits_in(whole)
    assert NOTHING.fits_in(whole)


def test_nothing_fits_where_more_is_taken_than_there_is() -> None:
    assert not Resources(1, 1, 0).fits_in(Resources(-2, 100, 0))


def test_memory_is_told_in_gib() -> None:
    assert Resources(memory_mib=1536).memory_gb == 1.5
