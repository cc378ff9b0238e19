"""The sanitiser, example by example."""

from __future__ import annotations

import pytest

from console.domain.text import clean, shorten


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain [bold]text[/]", "plain [bold]text[/]"),
        ("größe 大模型 Ελλάδα עברית", "größe 大模型 Ελλάδα עברית"),
        ("a\tb", "a    b"),
        ("a\nb\r\x00\x7f", "a␊b␍␀␡"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[H\x1b[?1049hx", "x"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]52;c;aGVsbG8=\x1b\\x", "x"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\x\x1b_G\x1b\\y\x1b^pm\x1b\\z\x1bXsos\x1b\\!", "xyz!"),
        ("\x9b31mred\x9d0;t\x9cx", "redx"),
        ("\x1bc\x1b7\x1b(Bx", "x"),
        ("\x1b", ""),
        ("a\x1b[12", "a12"),
    ],
    ids=ascii,
)
def test_text_is_shown_and_sequences_are_gone(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;never ended", "0;never ended"),
        ("\x1b]0;" + "x" * 5000 + "\x07", "0;" + "x" * 5000 + "␇"),
        ("\x90never ended", "<U+0090>never ended"),
        ("\x1b    indented", "   indented"),
    ],
    ids=["osc", "long osc", "dcs", "spaces"],
)
def test_what_never_ends_hides_nothing_that_follows(text: str, shown: str) -> None:
    assert clean(text).strip() == shown.strip()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("user\u202etxt.exe", "user<U+202E>txt.exe"),
        ("a\u200bb\u00adc\ufeff", "a<U+200B>b<U+00AD>c<U+FEFF>"),
        ("\u2066x\u2069", "<U+2066>x<U+2069>"),
        ("\ud800", "<U+D800>"),
        ("\ue000\U000e0041", "<U+E000><U+E0041>"),
        ("x\u2028y\x85z", "x<U+2028>y<U+0085>z"),
        ("\u3164\u115f\u034f", "<U+3164><U+115F><U+034F>"),
        ("a\u00a0b\u3000c\u2003d", "a b  c d"),
    ],
    ids=ascii,
)
def test_what_can_not_be_seen_is_spelled_out(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_marks_stand_on_something_and_do_not_pile_up() -> None:
    assert clean("e\u0301") == "e\u0301"
    assert clean("\u0301x") == "◌\u0301x"
    piled = clean("e" + "\u0301" * 20)
    assert piled == "e" + "\u0301" * 8 + "<U+0301>" * 12


def test_emoji_are_drawn_as_their_parts() -> None:
    assert clean("⚠\ufe0f 👩\u200d💻 🚀") == "⚠ 👩💻 🚀"
    assert clean("a\u200db\ufe0f") == "a<U+200D>b<U+FE0F>"


def test_shorten() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
    assert shorten("abc", 0) == "…"
