import pytest

from console.domain.errors import InvalidInput
from console.domain.ids import JobId
from console.domain.jobs import Completed, Job, Priority
from console.tui.presenters.job_list import JobList
from console.tui.presenters.jobs import SORT_COLUMNS, Counts
from tests.harness.fake_service import NOW, FakeService


@pytest.fixture
def service() -> FakeService:
    service = FakeService()
    service.add("bert", "completed", experiment="nlp", age_s=300)
    service.add("Ada", "running", priority=Priority.HIGH, age_s=200)
    service.add("gpt", "failed", experiment="lm", priority=Priority.LOW, age_s=100)
    return service


@pytest.fixture
def listed(service: FakeService) -> JobList:
    def progress(job: Job) -> float | None:
        return service.view(job.id).progress

    listed = JobList(progress)
    listed.arrange(service.jobs(), NOW)
    return listed


def names(service: FakeService, listed: JobList) -> list[str]:
    return [service.jobs()[job].spec.name for job in listed.order]


def test_newest_first(service: FakeService, listed: JobList) -> None:
    assert names(service, listed) == ["gpt", "Ada", "bert"]
    assert listed.counts == Counts(3, 0, 1, 1, 1)


def test_every_column_sorts_both_ways(service: FakeService, listed: JobList) -> None:
    seen = {}
    for _ in SORT_COLUMNS:
        listed.arrange(service.jobs(), NOW)
        seen[listed.sort] = names(service, listed)
        listed.sort_by(listed.sort)
        listed.arrange(service.jobs(), NOW)
        assert names(service, listed) == seen[listed.sort][::-1]
        listed.next_sort()
    assert listed.sort == "number"
    assert seen["name"] == ["Ada", "bert", "gpt"]
    assert seen["priority"] == ["Ada", "bert", "gpt"]
    assert seen["status"] == ["Ada", "gpt", "bert"]
    assert seen["experiment"] == ["gpt", "bert", "Ada"]


def test_a_filter_that_is_wrong_leaves_the_old_one(service: FakeService, listed: JobList) -> None:
    listed.set_filter("status:failed")
    with pytest.raises(InvalidInput):
        listed.set_filter("status:nonsense")
    listed.arrange(service.jobs(), NOW)
    assert names(service, listed) == ["gpt"]
    assert listed.filter_text == "status:failed"
    assert listed.counts.total == 3


def test_a_change_that_moves_nothing_keeps_the_order(service: FakeService, listed: JobList) -> None:
    before = listed.order
    job = service.find("Ada").job.id
    service.move(job, Completed(NOW))
    assert not listed.apply({job}, (), service.jobs(), NOW)
    assert listed.order is before
    assert listed.counts == Counts(3, 0, 0, 2, 1)


def test_a_new_job_a_deleted_one_and_one_that_leaves_the_filter(service: FakeService, listed: JobList) -> None:
    new = service.add("new")
    assert listed.apply({new}, (), service.jobs(), NOW)
    assert listed.order[0] == new
    gone = service.find("bert").job.id
    del service._jobs[gone]
    assert listed.apply((), {gone}, service.jobs(), NOW)
    assert listed.counts.total == 3
    assert gone not in listed.order
    listed.set_filter("status:running")
    listed.arrange(service.jobs(), NOW)
    ada = service.find("Ada").job.id
    assert listed.order == [ada]
    service.move(ada, Completed(NOW))
    assert listed.apply({ada}, (), service.jobs(), NOW)
    assert listed.order == []


def test_a_filter_by_age_goes_with_the_time(service: FakeService, listed: JobList) -> None:
    listed.set_filter("age<4m")
    listed.arrange(service.jobs(), NOW)
    assert names(service, listed) == ["gpt", "Ada"]
    listed.arrange(service.jobs(), NOW + 100)
    assert names(service, listed) == ["gpt"]


def test_a_filter_sees_what_changed(service: FakeService, listed: JobList) -> None:
    listed.set_filter("status:completed")
    listed.arrange(service.jobs(), NOW)
    assert names(service, listed) == ["bert"]
    service.move(service.find("Ada").job.id, Completed(NOW))
    listed.arrange(service.jobs(), NOW)
    assert names(service, listed) == ["Ada", "bert"]


def test_a_job_that_is_told_as_changed_but_is_gone(service: FakeService, listed: JobList) -> None:
    assert not listed.apply({JobId("01UNKNOWN")}, {JobId("01OTHER")}, service.jobs(), NOW)
    assert listed.counts.total == 3
