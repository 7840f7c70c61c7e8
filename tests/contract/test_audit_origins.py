"""Which of the files that runs took came from outside, whoever else returned them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.store import GraphStore
from headwater.lineage.audit_origins import BEGINNING, origins

from tests.conftest import Cypher

AT = datetime(2026, 5, 1, tzinfo=timezone.utc)
LATER = AT + timedelta(days=1)

RUN = """
CREATE (:Execution {id: 'e1', status: 'DONE', started: $at, finished: $at})
CREATE (j:Job {id: 'j1', execution_id: 'e1', n: 0, task_name: 'lab.use', task_hash: 't1', status: 'DONE',
               started: $at, finished: $at})
CREATE (c:CallNode {call_hash: 'use', eval_hash: 'use', task_name: 'lab.use', recorded_at: $at, failed: false})
CREATE (j)-[:MADE]->(c)
CREATE (c)-[:TOOK {name: 'x', position: 0}]->(v:Value {value_hash: 'v', type: 'File', size: 1})
CREATE (v)-[:REFERS_TO]->(:File {file_hash: 'f', path: '/data/f', evidence: $evidence, digest: 'd', size: 1})
"""
CALL = """
CREATE (j:Job {id: $call, execution_id: 'e2', n: 0, task_name: 'lab.make', task_hash: 't2', status: 'DONE',
               started: $at, finished: $at})
CREATE (c:CallNode {call_hash: $call, eval_hash: $call, task_name: 'lab.make', recorded_at: $at, failed: false})
CREATE (j)-[:MADE]->(c)
SET c.named = $named
"""
RETURNS = (
    "MATCH (c:CallNode {call_hash: $call}) MATCH (v:Value {value_hash: 'v'}) CREATE (c)-[:RETURNED]->(v)"
)
TAKES = """
MATCH (c:CallNode {call_hash: $call}) MATCH (f:File {file_hash: 'f'})
CREATE (c)-[:TOOK {name: 'x', position: 0}]->(w:Value {value_hash: 'of-' + $call, type: 'list', size: 1})
CREATE (w)-[:REFERS_TO]->(f)
"""
HANDS_ON = """
MATCH (c:CallNode {call_hash: $call}) MATCH (d:CallNode {call_hash: $child})
CREATE (c)-[:CALLED {order: 0}]->(d) CREATE (c)-[:FED_BY {name: 'return', within: $call}]->(d)
"""
MAKES_ANOTHER = """
MATCH (c:CallNode {call_hash: $call}) MATCH (d:CallNode {call_hash: $child}) CREATE (c)-[:CALLED {order: 0}]->(d)
"""


class Maker(NamedTuple):
    """A call that returned the file.

    Attributes:
        named: the files that it named.
        hands_on: the call inside it whose result became its own.
        calls: another call inside it.
    """

    call: str
    takes: bool = False
    named: list[str] | None = None
    hands_on: str | None = None
    calls: str | None = None
    at: datetime = AT


CASES: dict[str, tuple[Sequence[Maker], bool]] = {
    "nobody returned it": ((), True),
    "a call made it": ((Maker("a"),), False),
    "a call handed on what it took": ((Maker("a", takes=True),), True),
    "one made it, and another handed it on": ((Maker("a", takes=True), Maker("b")), False),
    "a call named it": ((Maker("a", named=["f"]),), True),
    "a call named it, and another made it": ((Maker("a", named=["f"]), Maker("b")), False),
    "a call that named something else made it": ((Maker("a", named=["g"]),), False),
    "a call inside made it": ((Maker("a"), Maker("b", hands_on="a")), False),
    "a call inside named it": ((Maker("a", named=["f"]), Maker("b", hands_on="a")), True),
    "a call inside handed it on": ((Maker("a", takes=True), Maker("b", hands_on="a")), True),
    "a call made it beside others": ((Maker("a", named=["f"]), Maker("b", calls="a")), False),
    "a call that calls handed on what it took": (
        (Maker("a", named=["f"]), Maker("b", takes=True, calls="a")),
        True,
    ),
}


def build(cypher: Cypher, makers: Sequence[Maker], evidence: str = "content") -> None:
    cypher(RUN, at=AT, evidence=evidence)
    for one in makers:
        cypher(CALL, call=one.call, named=one.named, at=one.at)
        cypher(RETURNS, call=one.call)
        if one.takes:
            cypher(TAKES, call=one.call)
        if one.hands_on is not None:
            cypher(HANDS_ON, call=one.call, child=one.hands_on)
        if one.calls is not None:
            cypher(MAKES_ANOTHER, call=one.call, child=one.calls)


def outside(store: GraphStore, since: datetime | None) -> bool:
    """Whether the file is from outside."""
    found = [one["file"] for portion in origins(store, since) for one in portion]
    assert found in ([], ["f"])
    return bool(found)


@pytest.mark.parametrize("since", [None, BEGINNING], ids=["of everything", "of some runs"])
@pytest.mark.parametrize("case", CASES)
def test_a_file_is_from_outside_where_no_call_made_it_itself(
    store: GraphStore, cypher: Cypher, case: str, since: datetime | None
) -> None:
    makers, is_outside = CASES[case]
    build(cypher, makers)
    assert outside(store, since) is is_outside


@pytest.mark.parametrize("since", [None, BEGINNING], ids=["of everything", "of some runs"])
def test_what_was_made_later_was_from_outside_before(
    store: GraphStore, cypher: Cypher, since: datetime | None
) -> None:
    build(cypher, [Maker("a", at=LATER)])
    assert outside(AsOf(store, AT), since)
    assert not outside(AsOf(store, LATER), since)
    assert not outside(store, since)


@pytest.mark.parametrize("since", [None, BEGINNING], ids=["of everything", "of some runs"])
def test_a_value_that_is_asked_whether_it_holds_is_made_by_nobody(
    store: GraphStore, cypher: Cypher, since: datetime | None
) -> None:
    build(cypher, [Maker("a")], evidence="value")
    assert outside(store, since)
