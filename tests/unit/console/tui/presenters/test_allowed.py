from dataclasses import replace

import pytest

from console.domain.jobs import Job, Priority, Running
from console.tui.presenters.allowed import JobAction, changed_priority, why_not
from tests.harness.fake_service import FakeService


def job(state: str, **spec: object) -> Job:
    service = FakeService()
    return service.jobs()[service.add("bert", state, **spec)]


ALLOWED = {
    "edit": {"pending", "failed"},
    "stop": {"pending", "starting", "running"},
    "restart": {"completed", "failed"},
    "delete": {"pending", "starting", "running", "completed", "failed"},
    "clone": {"pending", "starting", "running", "completed", "failed"},
    "raise-priority": {"pending", "failed"},
}


@pytest.mark.parametrize("action", list(ALLOWED))
@pytest.mark.parametrize("state", ["pending", "starting", "running", "completed", "failed"])
def test_what_is_allowed_in_which_state(action: JobAction, state: str) -> None:
    why = why_not(action, job(state))
    assert (why == "") is (state in ALLOWED[action]), why


def test_the_sentence_of_the_product_page() -> None:
    assert why_not("edit", job("running")).startswith("Running jobs cannot be edited")
    assert why_not("edit", job("completed")).startswith("Completed jobs cannot be edited")


def test_no_priority_beyond_the_ends() -> None:
    assert "highest" in why_not("raise-priority", job("pending", priority=Priority.HIGH))
    assert "lowest" in why_not("lower-priority", job("pending", priority=Priority.LOW))
    assert changed_priority(Priority.MEDIUM, up=True) is Priority.HIGH
    assert changed_priority(Priority.MEDIUM, up=False) is Priority.LOW


def test_nothing_is_asked_twice() -> None:
    going = job("running")
    assert isinstance(going.state, Running)
    stopping = replace(going, state=replace(going.state, stop_reason="stopped by user"))
    assert "already being stopped" in why_not("stop", stopping)
    assert "already being deleted" in why_not("delete", replace(going, delete_requested=True))
