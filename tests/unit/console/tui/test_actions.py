import pytest
from textual.binding import Binding

from console.domain.errors import InvalidInput
from console.tui.actions import ACTIONS, BY_NAME, bindings, keymap


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(ACTIONS)


def test_no_two_actions_of_one_screen_share_a_key() -> None:
    together = (
        {"jobs", "job-actions", "list", "rows", "app"},
        {"job", "job-actions", "log", "app"},
        {"form", "app"},
        {"dialog", "app"},
    )
    for places in together:
        keys = [key for action in ACTIONS if action.where in places for key in action.keys]
        assert len(keys) == len(set(keys)), places


def test_bindings_carry_the_name_by_which_they_are_remapped() -> None:
    made = [binding for binding in bindings("jobs") if isinstance(binding, Binding)]
    assert {binding.id for binding in made} == {action.name for action in ACTIONS if action.where == "jobs"}


def test_keys_are_written_as_people_write_them() -> None:
    assert keymap({"new": "N, ctrl+n", "raise-priority": "="}) == {"new": "N,ctrl+n", "raise-priority": "equals_sign"}


def test_an_unknown_action_names_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="Did you mean restart"):
        keymap({"restrat": "x"})
    with pytest.raises(InvalidInput, match="there is no action"):
        keymap({"zzzzzz": "x"})
    with pytest.raises(InvalidInput, match="at least one key"):
        keymap({"new": " , "})
