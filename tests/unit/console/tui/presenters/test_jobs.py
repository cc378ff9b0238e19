import pytest

from console.domain.jobs import JobType, Priority, Status
from console.tui.presenters import jobs
from console.tui.presenters.cells import plain
from tests.harness.fake_service import NOW, FakeService


@pytest.fixture
def service() -> FakeService:
    return FakeService()


def cell(service: FakeService, name: str, column: str, width: int = 30, *, ascii_only: bool = False) -> str:
    return plain(jobs.cell(service.find(name), column, width, NOW, ascii_only=ascii_only))


@pytest.mark.parametrize(
    ("state", "badge", "plain_badge"),
    [
        ("pending", "○ Pending", "o Pending"),
        ("starting", "○ Pending", "o Pending"),
        ("running", "▶ Running", "> Running"),
        ("completed", "✓ Completed", "+ Completed"),
        ("failed", "✗ Failed", "x Failed"),
    ],
)
def test_status_is_told_by_symbol_and_word(service: FakeService, state: str, badge: str, plain_badge: str) -> None:
    service.add("a", state)
    assert cell(service, "a", "status") == badge
    assert cell(service, "a", "status", ascii_only=True) == plain_badge


def test_each_status_and_priority_looks_different_without_colour() -> None:
    for only in (False, True):
        assert len({plain(jobs.status_badge(status, ascii_only=only)) for status in Status}) == 4
        assert len({plain(jobs.priority_mark(priority, ascii_only=only)) for priority in Priority}) == 3


def test_type_stands_beside_the_name_where_both_fit(service: FakeService) -> None:
    service.add("bert", type=JobType.INFERENCE)
    assert cell(service, "bert", "name", 20) == "bert  Inference"
    assert cell(service, "bert", "name", 12) == "bert"


def test_the_other_columns(service: FakeService) -> None:
    service.add("bert", "running", experiment="nlp", age_s=7200)
    assert cell(service, "bert", "number") == "1"
    assert cell(service, "bert", "experiment") == "nlp"
    assert cell(service, "bert", "node") == "local"
    assert cell(service, "bert", "created") == "2 h"
    assert cell(service, "bert", "actions", ascii_only=True) == ":"
    with pytest.raises(ValueError, match="no column"):
        cell(service, "bert", "colour")


def test_the_reason_of_a_running_job_is_its_time_left(service: FakeService) -> None:
    job = service.add("bert", "running")
    assert cell(service, "bert", "reason") == ""
    service.telemetry(job).eta_s = 90
    assert cell(service, "bert", "reason") == "1 min 30 s left"


def test_a_completed_job_is_done_even_if_its_output_never_said_so(service: FakeService) -> None:
    service.add("done", "completed")
    service.add("going", "running")
    assert jobs.shown_progress(service.find("done")) == 1.0
    assert jobs.shown_progress(service.find("going")) is None


def test_detail_says_why_it_waits_and_what_it_measures(service: FakeService) -> None:
    waiting = service.add("waits", experiment="lm")
    service.telemetry(waiting).reason = "waiting for 2 GPUs"
    assert plain(jobs.detail(service.view(waiting), NOW, ascii_only=False)) == (
        "#1 waits  Training  ○ Pending  in lm  waiting for 2 GPUs"
    )
    going = service.add("goes", "running", age_s=62)
    service.telemetry(going).latest = (("loss", 0.25),)
    assert plain(jobs.detail(service.view(going), NOW, ascii_only=False)).endswith("on local  ran 1 min  loss 0.25")


def test_title_counts_what_the_filter_shows() -> None:
    assert jobs.title(12, 340, "name", descending=False, filter_text="bert") == "12 of 340 by name"
    assert jobs.title(340, 340, "number", descending=True, filter_text="") == "340 jobs by number, last first"


def test_an_empty_list_teaches_the_key() -> None:
    lines = [plain(line) for line in jobs.empty("", {"new": "n", "back": "esc"})]
    assert "Press n to create the first one," in lines
    assert "esc" in plain(jobs.empty("status:failed", {"new": "n", "back": "esc"})[1])
