"""A few screens as pictures: fixed size, fixed clock. Update with `pytest --snapshot-update` and look at them."""

from collections.abc import Callable

import pytest

from console.domain.jobs import Hyperparameters, JobType, Priority
from console.tui.app import ConsoleApp
from tests.harness.fake_service import NOW, FakeService, local_node


@pytest.fixture
def app() -> ConsoleApp:
    service = FakeService()
    service.set_nodes(local_node(gpus=1, running=1))
    service.add("bert-sentiment-imdb-v1", "completed", age_s=3 * 86400, experiment="bert-sentiment")
    service.add("resnet50", "failed", age_s=86400, priority=Priority.HIGH, experiment="vision")
    config = Hyperparameters(3, 16, 0.00002, "AdamW")
    running = service.add("gpt-small", "running", age_s=7300, experiment="lm", config=config, description="A small one")
    service.telemetry(running).progress = 0.42
    waiting = service.add("eval [red]all[/]", age_s=20, type=JobType.EVALUATION, priority=Priority.LOW)
    service.telemetry(waiting).reason = "waiting for 2 GPUs"
    return ConsoleApp(service, now=lambda: NOW, live=False)


def test_jobs_at_80x24(app: ConsoleApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app, terminal_size=(80, 24))


def test_job_at_120x40(app: ConsoleApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app, press=["j", "enter"], terminal_size=(120, 40))


def test_delete_dialog_at_80x24(app: ConsoleApp, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(app, press=["j", "D"], terminal_size=(80, 24))
