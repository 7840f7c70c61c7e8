"""A trace as a graph and as a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import networkx
import pytest
from headwater.lineage.trace_drawings import dot, mermaid
from headwater.lineage.trace_graph import graph
from headwater.lineage.trace_svg import place, svg
from headwater.lineage.trace_views import Trace, TracedArgument, TracedCall, TracedFile
from hypothesis import given
from hypothesis import strategies as st

SVG = "{http://www.w3.org/2000/svg}"


def call(n: int, fed_by: list[int], returned_by: list[int], given_by: list[int], task: str) -> TracedCall:
    fed = tuple(f"call {one}" for one in fed_by)
    argument = TracedArgument(f"p{n}", 0, "v", "int", 1, "1", (), fed, from_parent=False)
    return TracedCall(
        id=f"call {n}",
        call=f"call {n}",
        parent=None,
        task=task,
        task_hash=None,
        failed=False,
        value=None,
        type=None,
        preview=None,
        arguments=(argument,),
        returned_by=tuple(f"call {one}" for one in returned_by),
        named=(),
        given_by=tuple(f"call {one}" for one in given_by),
        used="result",
        cut_off=False,
    )


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Calls fed by earlier ones, given their arguments by later ones, in files that some of them made."""
    names = st.text(max_size=50)
    size = draw(st.integers(1, 12))
    calls: dict[str, TracedCall] = {}
    for n in range(size):
        earlier = st.lists(st.integers(0, n - 1), max_size=3, unique=True) if n else st.just([])
        later = st.lists(st.integers(n, size - 1), max_size=1)
        made = call(n, draw(earlier), draw(earlier), draw(later), draw(names))
        calls[made.id] = made
    files: dict[str, TracedFile] = {}
    for n in range(draw(st.integers(0, 3))):
        makers = draw(st.lists(st.sampled_from(sorted(calls)), max_size=2, unique=True))
        files[f"file {n}"] = TracedFile(f"file {n}", draw(names), "stat", "d", 1, tuple(makers))
    return Trace("call", f"call {size - 1}", (f"call {size - 1}",), calls, files)


@given(traces())
def test_the_graph_holds_what_the_trace_holds(trace: Trace) -> None:
    made = graph(trace)
    assert set(made) == {*trace.calls, *trace.files}
    for one in trace.calls.values():
        fed = {*one.returned_by, *one.given_by, *one.arguments[0].fed_by}
        assert set(made.predecessors(one.id)) == fed
    for file in trace.files.values():
        assert set(made.predecessors(file.file)) == {*file.made_by}
    assert dot(trace).count(" -> ") == made.number_of_edges()


@given(traces())
def test_everything_has_a_place_of_its_own_right_of_what_it_came_from(trace: Trace) -> None:
    made = graph(trace)
    boxes = place(made)
    assert set(boxes) == set(made)
    for a in boxes:
        for b in boxes:
            left, right = boxes[a], boxes[b]
            apart = (
                abs(left.y - right.y) >= 42
                or left.x + left.width <= right.x
                or right.x + right.width <= left.x
            )
            assert a == b or apart
    forward = networkx.DiGraph((a, b) for a, b, given in made.edges(data="given") if not given)
    for b in forward:
        for a in networkx.ancestors(forward, b):
            assert boxes[a].x + boxes[a].width <= boxes[b].x


@given(traces())
def test_the_picture_is_well_formed_and_says_everything_once(trace: Trace) -> None:
    text = svg(trace)
    assert text == svg(trace)
    root = ElementTree.fromstring(text)
    assert len(root.findall(f"{SVG}g/{SVG}rect")) == len(trace.calls) + len(trace.files)
    assert len(root.findall(f"{SVG}g[@class]/{SVG}path")) == graph(trace).number_of_edges()


def test_a_knot_of_calls_is_drawn_all_the_same() -> None:
    first, second = call(0, [1], [], [], "a"), call(1, [0], [], [], "b")
    trace = Trace("call", "call 0", ("call 0",), {"call 0": first, "call 1": second}, {})
    assert ElementTree.fromstring(svg(trace)).findall(f"{SVG}g/{SVG}rect")


def test_a_trace_of_nothing_is_an_empty_picture() -> None:
    nothing: Mapping[str, Any] = {}
    assert ElementTree.fromstring(svg(Trace("call", "x", (), nothing, nothing))).tag == f"{SVG}svg"


@pytest.mark.parametrize(
    "name",
    [
        *("<script>alert(1)</script>", "a & b", 'q"uote', "\x1b[31mred\x00", "line\nbreak", "]]>", "\ud800"),
        *("\u202egnp.exe\u2066", "a\nb [label=x]", "\x9b2J\x7f", "\\N\\"),
    ],
)
def test_hostile_names_are_text(name: str) -> None:
    trace = Trace("call", "call 0", ("call 0",), {"call 0": call(0, [], [], [], name)}, {})
    text = svg(trace)
    for drawn in (text, dot(trace), mermaid(trace)):
        assert all(char.isprintable() or char == "\n" for char in drawn)
        assert not re.search("#(?:10|27|127|155|8238|8294);", drawn)
    assert len(dot(trace).splitlines()) == 5
    assert len(mermaid(trace).splitlines()) == 2
    root = ElementTree.fromstring(text.encode())
    assert not root.findall(f".//{SVG}script")
    assert "\x1b" not in text
