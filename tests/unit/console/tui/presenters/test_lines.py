"""The lines around the screens: footer, header, help, menu, form."""

from hypothesis import given
from hypothesis import strategies as st

from console.config.fields import FIELDS
from console.engine.service import Leading, Watching
from console.ports import LeaderInfo
from console.tui.presenters import form, menu
from console.tui.presenters.cells import plain
from console.tui.presenters.footer import Hint, fit, hit
from console.tui.presenters.header import role_line, short_role_line
from console.tui.presenters.help import KeyEntry, key_width, sections
from tests.harness.fake_service import FakeService


def test_the_most_important_keys_stay() -> None:
    hints = [Hint("q", "Quit", "quit", 9), Hint("?", "Help", "help", 1), Hint("n", "New", "new", 2)]
    assert [item.hint.label for item in fit(hints, 16)] == ["Help", "New"]
    assert [item.hint.label for item in fit(hints, 80)] == ["Help", "New", "Quit"]


@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=9), st.integers(1, 9))), st.integers(0, 120))
def test_footer_never_overlaps_nor_leaves_the_line(pairs: list[tuple[str, int]], width: int) -> None:
    placed = fit([Hint("k", label, label, rank) for label, rank in pairs], width)
    column = 0
    for item in placed:
        assert item.start > column
        column = item.start + item.hint.width
        assert hit(placed, item.start) is item.hint
        assert hit(placed, column) is not item.hint
    assert column <= max(width, 0)


def test_who_schedules() -> None:
    serve = Watching(LeaderInfo(123, "here", "serve", 0.0, 1))
    console = Watching(LeaderInfo(7, "here", "console", 0.0, 1))
    assert plain(role_line(Leading(1), "B")) == "this console schedules"
    assert plain(role_line(serve, "B")) == "watching; serve (pid 123) schedules"
    assert plain(role_line(console, "B")) == "watching; another console (pid 7) schedules"
    assert plain(role_line(Watching(None), "B")) == "nobody schedules: press B to schedule in the background"
    assert "B" in plain(short_role_line(Watching(None), "B"))
    assert short_role_line(serve, "B") == role_line(serve, "B")


def test_help_joins_keys_that_do_the_same() -> None:
    found = sections(
        [KeyEntry("q", "Leave", "Console"), KeyEntry("n", "Create", "Jobs"), KeyEntry("^q", "Leave", "Console")]
    )
    assert [section.title for section in found] == ["Jobs", "Console"]
    assert [row.label for row in found[1].rows] == ["q ^q"]
    assert key_width(found) == 4
    assert key_width([]) == 0


def test_menu_says_why_not() -> None:
    service = FakeService()
    items = {item.action: item.why_not for item in menu.items(service.jobs()[service.add("a", "running")])}
    assert items["stop"] == ""
    assert "cannot be edited" in items["edit"]


def test_form_words() -> None:
    service = FakeService()
    job = service.jobs()[service.add("bert")]
    assert form.title("create", None) == "Create Job"
    assert form.title("edit", job) == "Edit #1 bert"
    by_key = {info.key: info for info in FIELDS}
    assert form.label(by_key["name"]) == "Job Name*"
    assert "AdamW" in form.helper(by_key["optimizer"])
    assert form.placeholder(by_key["epochs"]) == "e.g. 3"
    assert form.summary([]) == ""
    assert form.summary([by_key["name"], by_key["epochs"]]) == "Please look at Job Name, Epochs."
