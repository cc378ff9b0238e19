from dataclasses import replace

import pytest

from console.domain.nodes import NodeState
from console.engine.service import NodeView
from console.tui.presenters import nodes
from console.tui.presenters.cells import plain
from tests.harness.fake_service import NOW, local_node


def changed(view: NodeView, **of_node: object) -> NodeView:
    return replace(view, node=replace(view.node, **of_node))  # type: ignore[arg-type]


def text(view: NodeView) -> str:
    sections = nodes.details(view, NOW, ascii_only=False)
    return "\n".join(f"{row.label} {plain(row.value)}" for section in sections for row in section.rows)


def test_each_state_has_a_symbol_of_its_own_kind() -> None:
    for state in NodeState:
        badge = plain(nodes.state_badge(changed(local_node(), state=state), NOW, ascii_only=True))
        assert badge.isascii()
        assert state.value.split("_")[0] in badge


def test_a_stale_node_tells_its_age() -> None:
    stale = changed(local_node(), state=NodeState.STALE, seen_at=NOW - 120)
    assert plain(nodes.state_badge(stale, NOW, ascii_only=False)) == "◐ stale 2 min"


def test_shares_are_unknown_without_a_sample() -> None:
    blind = replace(local_node(), sample=None)
    assert nodes.cpu_share(blind) is None
    assert nodes.memory_share(blind) is None
    assert nodes.memory_share(changed(local_node(), facts=None)) is None
    assert nodes.cpu_share(local_node()) == pytest.approx(0.37)
    assert nodes.memory_share(local_node()) == pytest.approx(12000 / 32768)


def test_gpus_say_whose_they_are() -> None:
    view = local_node(gpus=2)
    assert nodes.gpus_in_use(view) == "1/2"
    assert nodes.gpus_in_use(local_node()) == "-"
    assert "job #3" in text(view)
    assert view.sample is not None
    held = replace(view.sample.gpus[1], holders=("python 812",))
    other = replace(view, sample=replace(view.sample, gpus=(view.sample.gpus[0], held)))
    assert "held by python 812" in text(other)


def test_allocated_and_used_stand_together() -> None:
    assert "CPU 2 of 8 cores allocated, 37 % busy" in text(local_node())
    assert "Memory 4 GiB of 32 GiB allocated, 11.7 GiB used" in text(local_node())


def test_columns() -> None:
    view = changed(local_node(running=2), reason="link lost")
    shown = {
        column: plain(nodes.cell(view, column, NOW, ascii_only=False))
        for column in ("name", "running", "host", "reason")
    }
    assert shown == {"name": "local", "running": "2", "host": "localhost", "reason": "link lost"}
    with pytest.raises(ValueError, match="no column"):
        nodes.cell(view, "colour", NOW, ascii_only=False)
