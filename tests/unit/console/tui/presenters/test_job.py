from dataclasses import replace

from console.domain.jobs import AttemptPhase, Hyperparameters, Outcome, Priority
from console.domain.nodes import AttemptSample
from console.domain.resources import Resources
from console.engine.service import HistoryLine, JobView
from console.ports import MetricPoint
from console.tui.presenters import job as presenter
from console.tui.presenters.cells import plain
from tests.harness.fake_service import NOW, FakeService


def view(state: str = "running", **spec: object) -> JobView:
    service = FakeService()
    return service.view(service.add("bert", state, **spec))


def rows(of: JobView) -> dict[str, dict[str, str]]:
    sections = presenter.overview(of, NOW, ascii_only=False)
    return {section.title: {row.label: plain(row.value) for row in section.rows} for section in sections}


def test_every_detail_of_the_product_page_is_there() -> None:
    found = rows(
        view(
            description="Fine-tuning",
            priority=Priority.HIGH,
            config=Hyperparameters(3, 16, 0.00002, "AdamW"),
            resources=Resources(4, 16384, 0),
        )
    )
    assert found["Basic Information"] == {
        "Job Name": "bert",
        "Description": "Fine-tuning",
        "Job Type": "Training",
        "Priority": "High",
        "Experiment": "not set",
    }
    assert found["Configuration"] == {
        "Epochs": "3",
        "Batch Size": "16",
        "Learning Rate": "2e-05",
        "Optimizer": "AdamW",
    }
    assert found["Resources"] | {"CPU Cores": "4", "Memory (GB)": "16", "GPU Count": "0"} == found["Resources"]
    assert found["Run"]["Command"] == "python train.py"
    assert len(found) == presenter.SECTIONS


def test_what_is_not_known_is_said_so() -> None:
    status = rows(view())["Status"]
    assert status["Progress"] == "not known"
    assert status["Time left"] == "not known"


def test_an_argv_is_quoted_and_a_text_is_not() -> None:
    assert rows(view(command=("python", "a b.py")))["Run"]["Command"] == "python 'a b.py'"


def test_texts_of_several_lines_keep_them() -> None:
    section = presenter.overview(view(command=("bash", "-c", "cd x\npython y")), NOW, ascii_only=True)[4]
    assert [(row.label, plain(row.value)) for row in section.rows][:2] == [("Command", "cd x"), ("", "python y")]


def test_attempts_say_how_they_ended() -> None:
    failed = view("failed")
    assert "exit code 1" in rows(failed)["Attempts"]["Attempt 1"]
    attempt = failed.job.attempts[0]
    lost = replace(attempt, phase=AttemptPhase.LOST, outcome=None)
    assert "lost" in plain(presenter.attempt(lost, NOW))
    cut = replace(attempt, outcome=Outcome(0, None, "", 3.0, dropped_bytes=12))
    assert "12 bytes of output lost" in plain(presenter.attempt(cut, NOW))
    assert rows(view("pending"))["Attempts"] == {"": "none yet"}


def test_history_names_the_day_once() -> None:
    shown = presenter.history([HistoryLine(0, "a", "submitted"), HistoryLine(60, "b", "started")])
    assert [plain(line) for line in shown] == ["1970-01-01 UTC", "  00:00:00  submitted", "  00:01:00  started"]
    assert "Nothing is recorded" in plain(presenter.history([])[0])


def test_usage_leaves_out_what_nobody_measured() -> None:
    samples = [AttemptSample(NOW, 150.0, 2048.0, None, None, None, None, (("GPU-a", None, 1024.0),))]
    shown = {series.label: (series.newest, series.values) for series in presenter.usage(samples)}
    assert shown == {
        "CPU": ("150 %", (150.0,)),
        "Memory": ("2 GiB", (2048.0,)),
        "GPU 0 memory": ("1 GiB", (1024.0,)),
    }
    assert presenter.usage([]) == ()


def test_curves_use_steps_where_there_are_any() -> None:
    points = [MetricPoint("loss", 10, NOW, 3.0), MetricPoint("acc", None, NOW, 0.1), MetricPoint("acc", None, NOW, 0.2)]
    assert presenter.curves(points) == {"loss": [(10, 3.0)], "acc": [(0.0, 0.1), (1.0, 0.2)]}


def test_what_stands_where_nothing_is_yet() -> None:
    assert "not run yet" in plain(presenter.no_usage(view("pending")))
    assert "No sample" in plain(presenter.no_usage(view("running")))
    waiting = replace(view("pending"), reason="waiting for 2 GPUs")
    assert presenter.no_log(waiting) == "It has not started yet: waiting for 2 GPUs. Its log will appear here."


def test_a_complete_log_is_not_followed() -> None:
    assert presenter.log_state("following, 3 lines", is_complete=False) == "following, 3 lines"
    assert presenter.log_state("following, 3 lines", is_complete=True) == "complete, 3 lines"


def test_asked_for() -> None:
    wanted = view(resources=Resources(1, 16384, 2)).job
    assert plain(presenter.asked(wanted)) == "asked for  1 CPU core, 16 GiB, 2 GPUs"
