"""The engine's flow without its engine: any sequence of requests and of what nodes do, through the real reactor.

The nodes are a model of the real ones: they run an attempt at most once however often it is ordered, and tell all they
know on connect. Orders and reports may be lost with a link; the console may be killed and start from its journal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from console.core.commands import (
    AcknowledgeAttempt,
    Command,
    ForgetAttempt,
    LaunchAttempt,
    MirrorAttempt,
    StopAttempt,
)
from console.core.intake import attempt_events, connection_events, forgotten_acknowledgements, gone_events
from console.core.reactor import step
from console.core.reduce import apply
from console.core.requests import decide
from console.core.snapshot import snapshot_of
from console.core.state import LIVE_PHASES, State, current_attempt
from console.domain.errors import ClusterdeckError
from console.domain.events import AttemptForgotten, AttemptMirrored, AttemptPlanned, Event, JobSubmitted, NodeAdded
from console.domain.ids import AttemptId, JobId, attempt_id, split_attempt_id
from console.domain.jobs import AttemptPhase, Completed, Failed, JobState, Pending, Priority, Running, Starting
from console.domain.reports import AttemptReport, NodeGone, NodeUp
from console.domain.requests import DeleteJob, EditJob, Request, RestartJob, StopJob, SubmitJob
from console.scheduler import Policy, plan
from tests.harness.builders import ended, facts, job_id, spec
from tests.harness.clock import NOW

NAMES = ("n1", "n2")
OVER = {AttemptPhase.ENDED, AttemptPhase.NEVER_RAN, AttemptPhase.LOST}


@dataclass
class Node:
    """What a machine does with orders."""

    name: str
    is_linked: bool = False
    attempts: dict[AttemptId, AttemptReport] = field(default_factory=dict)
    acknowledged: set[AttemptId] = field(default_factory=set)
    sent: list[Command] = field(default_factory=list)
    said: list[AttemptReport] = field(default_factory=list)

    def report(self, report: AttemptReport) -> None:
        self.attempts[report.attempt] = report
        self.said.append(report)

    def obey(self, order: Command, *, refuses: bool) -> None:
        match order:
            case LaunchAttempt(_, attempt):
                known = self.attempts.get(attempt.id)
                if known is not None:
                    self.said.append(known)
                elif refuses:
                    self.said.append(AttemptReport(attempt.id, AttemptPhase.NEVER_RAN, reason="no room"))
                else:
                    self.report(AttemptReport(attempt.id, AttemptPhase.ACCEPTED))
            case StopAttempt(_, attempt_id_, reason):
                known = self.attempts.get(attempt_id_)
                if known is not None and known.phase is AttemptPhase.RUNNING:
                    self.report(AttemptReport(attempt_id_, AttemptPhase.ENDED, NOW, NOW, ended(None, reason)))
                elif known is not None and known.phase is AttemptPhase.ACCEPTED:
                    self.report(AttemptReport(attempt_id_, AttemptPhase.NEVER_RAN))
            case AcknowledgeAttempt(_, attempt_id_):
                self.acknowledged.add(attempt_id_)
            case ForgetAttempt(_, attempt_id_):
                known = self.attempts.pop(attempt_id_, None)
                assert known is None or known.phase in OVER, "told to forget what may run"
            case MirrorAttempt():
                raise AssertionError("nodes mirror nothing")


class Console(RuleBasedStateMachine):
    """Rules are what people, nodes and links do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes = {name: Node(name) for name in NAMES}
        self.state = State()
        self.journal: list[Event] = []
        self.now = NOW
        self.submitted: set[JobId] = set()
        self.mirrors: list[MirrorAttempt] = []

    # -- the engine's turn

    def turn(self, *events: Event, also: tuple[Command, ...] = ()) -> None:
        self.now += 1
        commands = [*self.absorb(*events), *also]
        for start in plan(snapshot_of(self.state, self.now), Policy()).starts:
            job = self.state.jobs[start.job]
            ordinal = 1 + max((split_attempt_id(a.id)[1] for a in job.attempts), default=0)
            planned = AttemptPlanned(
                self.now, job.id, attempt_id(job.id, ordinal), start.node, job.spec.resources, start.gpus
            )
            commands += self.absorb(planned)
        for command in commands:
            self.send(command)

    def absorb(self, *events: Event) -> list[Command]:
        commands: list[Command] = []
        for event in events:
            self.journal.append(event)
            commands += step(self.state, event)
        return commands

    def send(self, command: Command) -> None:
        if isinstance(command, MirrorAttempt):
            self.mirrors.append(command)
            return
        node = self.nodes[command.attempt.node if isinstance(command, LaunchAttempt) else command.node]
        if node.is_linked:
            node.sent.append(command)
            if isinstance(command, ForgetAttempt):
                node.obey(node.sent.pop(), refuses=False)
                self.turn(AttemptForgotten(self.now, command.attempt))

    def ask(self, request: Request) -> None:
        try:
            events = decide(self.state, request, self.now)
        except ClusterdeckError:
            events = ()
        self.turn(*events)

    # -- what happens

    @initialize()
    def begin(self) -> None:
        self.turn(*(NodeAdded(NOW, name, name) for name in NAMES))
        self.link_up("n1")

    which = st.sampled_from(NAMES)

    def some_job(self, data: st.DataObject, *states: type[JobState]) -> JobId | None:
        """One in one of these states, if there is one."""
        found = [job.id for job in self.state.jobs.values() if isinstance(job.state, states)]
        return data.draw(st.sampled_from(found)) if found else None

    @precondition(lambda self: len(self.submitted) < 8)
    @rule(priority=st.sampled_from(Priority))
    def submit(self, priority: Priority) -> None:
        number = len(self.submitted) + 1
        self.submitted.add(job_id(number))
        self.ask(SubmitJob(job_id(number), number, spec(priority=priority), self.now))

    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        job = self.some_job(data, Pending, Starting, Running)
        if job is not None:
            self.ask(StopJob(job))

    @rule(data=st.data())
    def restart(self, data: st.DataObject) -> None:
        job = self.some_job(data, Completed, Failed)
        if job is not None:
            self.ask(RestartJob(job))

    @precondition(lambda self: len(self.submitted) > 2)
    @rule(number=st.integers(1, 8), request=st.sampled_from([StopJob, RestartJob, DeleteJob]))
    def ask_for_anything(self, number: int, request: type[StopJob] | type[RestartJob] | type[DeleteJob]) -> None:
        self.ask(request(job_id(number)))

    @rule(data=st.data(), name=st.sampled_from(["a", "b"]))
    def edit(self, data: st.DataObject, name: str) -> None:
        job = self.some_job(data, Pending, Failed)
        if job is not None:
            self.ask(EditJob(job, spec(name)))

    @rule(name=which)
    def link_up(self, name: str) -> None:
        node = self.nodes[name]
        node.is_linked = True
        node.sent, node.said = [], []
        told = tuple(
            AttemptReport(
                each.attempt,
                each.phase,
                each.started_at,
                each.ended_at,
                each.outcome,
                is_acknowledged=each.attempt in node.acknowledged,
            )
            for each in node.attempts.values()
        )
        up = NodeUp(name, facts(2, 8192, 0, name), told)
        events = list(connection_events(self.state, up, self.now))
        self.turn(*events, also=tuple(forgotten_acknowledgements(self.state, up)))

    @rule(name=which)
    def link_down(self, name: str) -> None:
        """With it goes what was under way, either way."""
        node = self.nodes[name]
        node.is_linked = False
        node.sent, node.said = [], []
        self.turn(*gone_events(self.state, NodeGone(name, "cut"), self.now))

    @precondition(lambda self: any(node.sent for node in self.nodes.values()))
    @rule(name=which, refuses=st.booleans())
    def order_arrives(self, name: str, refuses: bool) -> None:
        node = self.nodes[name]
        if node.sent:
            node.obey(node.sent.pop(0), refuses=refuses)

    @precondition(lambda self: any(node.said for node in self.nodes.values()))
    @rule(name=which)
    def report_arrives(self, name: str) -> None:
        node = self.nodes[name]
        if node.is_linked and node.said:
            self.turn(*attempt_events(self.state, name, node.said.pop(0), self.now))

    @precondition(lambda self: any(node.attempts for node in self.nodes.values()))
    @rule(name=which, code=st.sampled_from([0, 1]), data=st.data())
    def something_moves_on(self, name: str, code: int, data: st.DataObject) -> None:
        node = self.nodes[name]
        moving = [each for each in node.attempts.values() if each.phase not in OVER]
        if not moving:
            return
        each = data.draw(st.sampled_from(moving))
        if each.phase is AttemptPhase.ACCEPTED:
            others = [other for machine in self.nodes.values() for other in machine.attempts.values()]
            job = split_attempt_id(each.attempt)[0]
            assert not [
                other
                for other in others
                if other.phase is AttemptPhase.RUNNING and split_attempt_id(other.attempt)[0] == job
            ], "two live attempts of one job"
            node.report(AttemptReport(each.attempt, AttemptPhase.RUNNING, self.now))
        else:
            node.report(AttemptReport(each.attempt, AttemptPhase.ENDED, each.started_at, self.now, ended(code)))

    @rule(ends=st.booleans())
    def a_while_passes(self, ends: bool) -> None:
        """All that is under way arrives, what can start starts, and perhaps ends."""
        for node in self.nodes.values():
            self.work(node, ends=ends)

    def work(self, node: Node, *, ends: bool) -> None:
        while node.sent:
            node.obey(node.sent.pop(0), refuses=False)
        for each in list(node.attempts.values()):
            if each.phase is AttemptPhase.ACCEPTED:
                node.report(AttemptReport(each.attempt, AttemptPhase.RUNNING, self.now))
            elif each.phase is AttemptPhase.RUNNING and ends:
                node.report(AttemptReport(each.attempt, AttemptPhase.ENDED, self.now, self.now, ended()))
        while node.is_linked and node.said:
            self.turn(*attempt_events(self.state, node.name, node.said.pop(0), self.now))

    @precondition(lambda self: self.mirrors)
    @rule()
    def mirrored(self) -> None:
        command = self.mirrors.pop(0)
        self.turn(AttemptMirrored(self.now, command.attempt))

    @rule()
    def console_is_killed(self) -> None:
        """Nothing is left but the journal; links come up anew."""
        self.state = State()
        for event in self.journal:
            apply(self.state, event)
        self.mirrors = []
        for node in self.nodes.values():
            node.is_linked = False
            node.sent, node.said = [], []

    # -- what always holds

    @invariant()
    def the_journal_tells_the_state(self) -> None:
        again = State()
        for event in self.journal:
            apply(again, event)
        assert again == self.state
        assert State.of(self.state.jobs.values(), self.state.nodes.values()) == self.state

    @invariant()
    def a_job_has_one_live_attempt_at_most_and_it_is_the_one_it_stands_on(self) -> None:
        for job in self.state.jobs.values():
            live = [attempt.id for attempt in job.attempts if attempt.phase in LIVE_PHASES]
            standing = current_attempt(job)
            assert live == ([] if standing is None else [standing])
            assert all(attempt in self.state.live for attempt in live)

    @invariant()
    def nothing_runs_that_the_books_call_over(self) -> None:
        for node in self.nodes.values():
            for each in node.attempts.values():
                if each.phase not in OVER:
                    assert each.attempt in self.state.live

    @invariant()
    def no_job_leaves_without_an_end(self) -> None:
        """It was asked for, and every one of its attempts was forgotten by its node."""
        taken = {event.job for event in self.journal if isinstance(event, JobSubmitted)}
        for job in taken - self.state.jobs.keys():
            left = [node for node in self.nodes.values() for a in node.attempts if split_attempt_id(a)[0] == job]
            assert not left

    @invariant()
    def nodes_are_not_given_more_than_they_have(self) -> None:
        for offer in snapshot_of(self.state, self.now).nodes:
            assert offer.capacity is None or offer.free.cpus >= 0

    def teardown(self) -> None:
        """Whatever happened: once links hold and nodes do what they are told, every job comes to an end."""
        for _ in range(60):
            self.now += 400
            for node in self.nodes.values():
                if not node.is_linked:
                    self.link_up(node.name)
                self.work(node, ends=True)
            while self.mirrors:
                self.mirrored()
            self.turn()
        for job in self.state.jobs.values():
            assert isinstance(job.state, Completed | Failed), job.state
            assert not job.delete_requested, "it should have left"
            never_ran = [a for a in job.attempts[:-1] if a.phase is AttemptPhase.NEVER_RAN]
            assert not never_ran, "nothing is worth keeping of it"
        for node in self.nodes.values():
            for each in node.attempts.values():
                assert each.phase is not AttemptPhase.ENDED or each.attempt in node.acknowledged


TestConsole = Console.TestCase
TestConsole.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
