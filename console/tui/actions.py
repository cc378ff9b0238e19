"""The one registry of actions. Bindings, footer, help and palette are made from it, and keys are remapped by its names.

To add an action: write its line here, and a method `action_<name>` on what `where` says (an app, screen or mixin).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from textual.binding import Binding, BindingType

from console.domain.errors import InvalidInput

Place = Literal["app", "jobs", "job", "job-actions", "list", "rows", "log", "form", "dialog"]


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do. `footer` is its place in the footer (1 is kept longest, 0 is not shown there);
    `in_typing` lets its keys work while a text field has the focus."""

    name: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: str
    where: Place
    footer: int = 0
    in_typing: bool = False
    call: str = ""

    @property
    def method(self) -> str:
        """The action as Textual calls it, `action_<name>` unless `call` says otherwise."""
        return self.call or self.name.replace("-", "_")

    @property
    def target(self) -> str:
        """The method with the thing that has it: what `App.run_action` takes."""
        holder = {"app": "app", "list": "focused", "rows": "focused", "log": "focused"}.get(self.where, "screen")
        return f"{holder}.{self.method}"


ACTIONS: tuple[Action, ...] = (
    Action("new", ("n",), "New", "Create a job", "Jobs", "job-actions", 2),
    Action("logs", ("l",), "Logs", "Follow the job's log", "Jobs", "job-actions", 5),
    Action("stop", ("x",), "Stop", "Stop the job", "Jobs", "job-actions", 6),
    Action("restart", ("r",), "Restart", "Queue a Failed or Completed job again", "Jobs", "job-actions", 9),
    Action("edit", ("e",), "Edit", "Change a Pending or Failed job", "Jobs", "job-actions", 10),
    Action("clone", ("c",), "Clone", "Create a job like this one", "Jobs", "job-actions", 11),
    Action("delete", ("D",), "Delete", "Remove the job with its logs and checkpoints", "Jobs", "job-actions", 12),
    Action("raise-priority", ("+",), "Priority up", "Let a Pending job go earlier", "Jobs", "job-actions"),
    Action("lower-priority", ("-",), "Priority down", "Let a Pending job go later", "Jobs", "job-actions"),
    Action("copy", ("y",), "Copy", "Copy the job's id to the clipboard", "Jobs", "job-actions"),
    Action("menu", (".",), "Menu", "Show what can be done with the job", "Jobs", "job-actions", 7),
    Action("filter", ("/",), "Filter", "Show only the jobs that match a filter", "List", "jobs", 3),
    Action("sort", ("o",), "Sort", "Sort by the next column", "List", "jobs", 13),
    Action("reverse", ("O",), "Reverse", "Turn the order round", "List", "jobs"),
    Action("clear", ("escape",), "All jobs", "Leave the filter, then the marks", "List", "jobs", 1),
    Action("back", ("escape",), "Back", "One step back, to the list", "Job", "job", 1),
    Action("next-tab", ("]",), "Next tab", "The next tab", "Job", "job", 3),
    Action("previous-tab", ("[",), "Previous tab", "The tab before", "Job", "job"),
    Action("up", ("up", "k"), "Up", "One row up", "List", "list", call="move('up')"),
    Action("down", ("down", "j"), "Down", "One row down", "List", "list", call="move('down')"),
    Action("first", ("home", "g"), "First", "The first row", "List", "list", call="move('first')"),
    Action("last", ("end", "G"), "Last", "The last row", "List", "list", call="move('last')"),
    Action("page-up", ("pageup",), "Page up", "A page up", "List", "list", call="move('page_up')"),
    Action("page-down", ("pagedown",), "Page down", "A page down", "List", "list", call="move('page_down')"),
    Action("half-up", ("ctrl+u",), "Half up", "Half a page up", "List", "list", call="move('half_up')"),
    Action("half-down", ("ctrl+d",), "Half down", "Half a page down", "List", "list", call="move('half_down')"),
    Action("open", ("enter",), "Open", "Show all about it", "List", "rows", 4),
    Action("mark", ("space",), "Mark", "Mark it: stop, restart and delete take all marked ones", "List", "rows"),
    Action("mark-all", ("ctrl+a",), "Mark all", "Mark all rows that the filter shows", "List", "rows"),
    Action("follow", ("f",), "Follow", "Go to the end of the log and stay there", "Log", "log", 2),
    Action("level", ("L",), "Level", "Show only lines of a level and above", "Log", "log", 3, call="cycle_level"),
    Action("wrap", ("w",), "Wrap", "Wrap long lines", "Log", "log", 4),
    Action("timestamps", ("t",), "Times", "Show when each line was written", "Log", "log", 5),
    Action("save-form", ("ctrl+s",), "Save", "Submit what the form says", "Form", "form", 1, in_typing=True),
    Action("cancel", ("escape",), "Cancel", "Close without doing anything", "Form", "form", 2, in_typing=True),
    Action("yes", ("y",), "Yes", "Do it", "Dialog", "dialog", 1),
    Action("no", ("n", "escape"), "No", "Leave everything as it is", "Dialog", "dialog", 2),
    Action("help", ("?", "f1"), "Help", "Keys that work here", "Console", "app", 1),
    Action(
        "command-palette", ("ctrl+p",), "Palette", "Find any action by its name", "Console", "app", 14, in_typing=True
    ),
    Action("show-jobs", ("1",), "Jobs", "The list of jobs", "Console", "app"),
    Action("show-nodes", ("2",), "Nodes", "The nodes", "Console", "app"),
    Action("refresh", ("ctrl+r",), "Refresh", "Read and draw everything again", "Console", "app"),
    Action("background", ("B",), "Background", "Let a background process schedule", "Console", "app"),
    Action("theme", (), "Theme", "Dark, light, high contrast", "Console", "app"),
    Action("quit", ("q", "ctrl+q"), "Quit", "Leave the console; jobs run on", "Console", "app", 8, in_typing=True),
)

BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}


def actions_of(*places: Place) -> tuple[Action, ...]:
    """The actions of these places, in the order of the registry."""
    return tuple(action for action in ACTIONS if action.where in places)


def bindings(*places: Place) -> list[BindingType]:
    """The bindings of these places, for a `BINDINGS`."""
    return [
        Binding(
            key,
            action.method,
            action.label,
            show=action.footer > 0,
            id=action.name,
            tooltip=action.help,
            priority=action.in_typing and len(key) > 1 and action.where == "app",
        )
        for action in actions_of(*places)
        for key in action.keys
    ]


def keymap(keys: Mapping[str, str]) -> dict[str, str]:
    """What Textual takes as a keymap, from action name to keys as people write them: `D`, `ctrl+d`, `x,delete`.

    InvalidInput if an action doesn't exist or a key is empty; the sentence names the nearest action.
    """
    chosen = {name: _key_names(name, text) for name, text in keys.items()}
    for name, wanted in chosen.items():
        for other in ACTIONS:
            shared = set(wanted).intersection(chosen.get(other.name, _default_keys(other)))
            if other.name != name and shared and _meet(BY_NAME[name].where, other.where):
                raise InvalidInput(f"keys.{name}: {min(shared)} is the key of {other.name} already; choose another.")
    return {name: ",".join(wanted) for name, wanted in chosen.items()}


def _default_keys(action: Action) -> list[str]:
    return [binding.key for key in action.keys for binding in Binding.make_bindings([(key, action.name)])]


_TOGETHER: tuple[frozenset[Place], ...] = (
    frozenset({"app", "jobs", "job-actions", "list", "rows"}),
    frozenset({"app", "job", "job-actions", "list", "log"}),
    frozenset({"app", "form"}),
    frozenset({"app", "dialog"}),
)


def _meet(one: Place, other: Place) -> bool:
    """Whether the keys of two places work at the same time."""
    return any(one in places and other in places for places in _TOGETHER)


def _key_names(name: str, text: str) -> list[str]:
    if name not in BY_NAME:
        near = get_close_matches(name, BY_NAME, 1)
        hint = f" Did you mean {near[0]}?" if near else f" Actions are: {', '.join(sorted(BY_NAME))}."
        raise InvalidInput(f"keys: there is no action {name!r}.{hint}")
    written = [part.strip() for part in text.split(",") if part.strip()]
    if not written:
        raise InvalidInput(f"keys.{name}: name at least one key, such as {BY_NAME[name].keys or ('f5',)!r}.")
    return [binding.key for key in written for binding in Binding.make_bindings([(key, name)])]
