"""Whatever comes from outside can be shown."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from console.domain.text import clean
from console.tui.text import cut, safe, safe_ansi

PIECES = [
    *("\x1b", "[", "]", "P", "_", "^", "X", "m", "31;1", "38;5;", "48;2;1;2;3", "0", ";", ":", "(B", " ", "\\"),
    *("\x07", "\x1b\\", "\x9b", "\x9d", "\x90", "\x9c", "\x18", "\t", "\n", "\r", "\x00", "\x7f"),
    *("a", "é", "漢", "\u0301", "\u200d", "\ufe0f", "⚠", "👩", "\U0001f3fb", "\u1160", "\u11a8", "◌", "\U000e0100"),
    *("\u202e", "\ud800", "\ue000", "\u3000", "\u00a0", "[/]", "[@click=app.quit]"),
]
ALL = st.characters(exclude_categories=())
HOSTILE = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.text(ALL, max_size=40),
    st.lists(st.one_of(st.sampled_from(PIECES), ALL), max_size=40).map("".join),
)


@settings(max_examples=1000, deadline=None)
@given(HOSTILE)
@example("\x1b\x1b[m[31m")
@example("\x1b]0;\x1b]0;\x07")
def test_cleaned_text_is_printable_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert clean(cleaned) == cleaned
    assert safe(text).plain == cleaned


@settings(max_examples=1000, deadline=None)
@given(HOSTILE)
def test_log_lines_are_printable_and_carry_only_looks(text: str) -> None:
    line = safe_ansi(text)
    assert line.plain.isprintable()
    assert clean(line.plain) == line.plain
    for span in line.spans:
        assert not isinstance(span.style, str)
        assert span.style.link is None
        assert not span.style.meta
        assert not span.style.conceal


@settings(deadline=None)
@given(HOSTILE, st.integers(1, 60))
def test_a_limit_only_cuts(text: str, limit: int) -> None:
    whole, part = safe_ansi(text).plain, safe_ansi(text, limit).plain
    assert whole.startswith(part)
    assert part == whole or cell_len(part) >= limit


@settings(deadline=None)
@given(HOSTILE, st.integers(0, 30))
def test_cut_text_takes_no_more_cells_than_it_may(text: str, width: int) -> None:
    line = safe_ansi(text)
    shown = cut(line, width)
    assert cell_len(shown.plain) <= width
    if cell_len(line.plain) <= width:
        assert shown.plain == line.plain


@given(st.sampled_from(PIECES), st.sampled_from(PIECES), st.sampled_from(PIECES))
@settings(max_examples=150, deadline=None)
def test_a_line_of_64_kib_takes_a_bounded_time(first: str, second: str, third: str) -> None:
    unit = first + second + third
    text = unit * (65536 // len(unit))
    assert clean(text).isprintable()
    assert safe_ansi(text, 200).plain.isprintable()
