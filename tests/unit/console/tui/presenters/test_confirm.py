from console.domain.jobs import Job
from console.tui.presenters import confirm
from tests.harness.fake_service import FakeService


def jobs(*states: str) -> list[Job]:
    service = FakeService()
    return [service.jobs()[service.add(f"job-{state}", state)] for state in states]


def test_stopping_names_the_job_and_what_is_lost() -> None:
    question = confirm.stop(jobs("running"))
    assert question.title == "Stop job-running?"
    assert "Job #1 is Running." in question.lines
    assert "lose" in " ".join(question.lines)


def test_stopping_a_pending_job_loses_no_progress() -> None:
    assert "progress" not in " ".join(confirm.stop(jobs("pending")).lines)


def test_deleting_lists_what_the_product_page_lists() -> None:
    text = " ".join(confirm.delete(jobs("completed")).lines)
    for lost in ("configuration", "training logs", "checkpoints and outputs", "cannot be undone"):
        assert lost in text
    assert "stopped first" in " ".join(confirm.delete(jobs("running")).lines)


def test_several_are_counted_and_named() -> None:
    question = confirm.delete(jobs(*["failed"] * 9))
    assert question.title == "Delete 9 jobs?"
    assert "  #1 job-failed" in question.lines
    assert "  and 3 more" in question.lines


def test_leaving_says_how_many_wait() -> None:
    assert confirm.leave(1).lines[0].startswith("1 job waits")
    assert confirm.leave(3).lines[0].startswith("3 jobs wait")
