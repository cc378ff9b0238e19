import time

import pytest

from console.tui.presenters import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0 s"),
        (-3, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (86400 * 3 + 3600 * 4, "3 d 4 h"),
    ],
)
def test_duration_has_at_most_two_units(seconds: float | None, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("ago", "text"), [(-60, "now"), (4, "now"), (44, "40 s"), (61, "1 min"), (3 * 3600, "3 h"), (40 * 86400, "40 d")]
)
def test_age_has_one_unit_and_rarely_changes(ago: float, text: str) -> None:
    assert words.age(1000.0, 1000.0 + ago) == text


@pytest.mark.parametrize(("mib", "text"), [(None, "-"), (512, "512 MiB"), (16384, "16 GiB"), (1536, "1.5 GiB")])
def test_memory(mib: float | None, text: str) -> None:
    assert words.memory(mib) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [(None, "-"), (0, "0 B/s"), (999, "999 B/s"), (1200, "1.2 kB/s"), (12_400, "12 kB/s"), (3.4e9, "3.4 GB/s")],
)
def test_rate(rate: float | None, text: str) -> None:
    assert words.rate(rate) == text


def test_moments_are_in_the_time_of_where_the_person_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    assert words.moment(0) == "1970-01-01 02:00:00"
    assert words.clock(3661) == "03:01:01"
    monkeypatch.undo()
    time.tzset()
    assert words.moment(None) == "-"


def test_counting_things() -> None:
    assert words.count(1, "job") == "1 job"
    assert words.count(0, "job") == "0 jobs"
