"""What Neo4j is sent."""

from __future__ import annotations

from headwater.cypher.neo4j_store import lists_in_a_map
from headwater.cypher.queries import load, names
from headwater.cypher.tokens import parameters, tokenize


def test_lists_come_in_a_map_by_their_names() -> None:
    text = "UNWIND $keys AS key MATCH (c {id: key}) WHERE c.key IN $calls AND ($key IS NULL OR c.at < $as_of) RETURN c"
    sent, params = lists_in_a_map(text, {"keys": ["a"], "calls": [], "key": "b", "as_of": None})
    assert sent == (
        "UNWIND $lists.keys AS key MATCH (c {id: key}) WHERE c.key IN $lists.calls "
        "AND ($key IS NULL OR c.at < $as_of) RETURN c"
    )
    assert params == {"lists": {"keys": ["a"], "calls": []}, "key": "b", "as_of": None}


def test_a_query_without_lists_is_sent_as_it_is() -> None:
    text = "MATCH (e:Execution {id: $id}) RETURN e"
    assert lists_in_a_map(text, {"id": "a", "as_of": None}) == (text, {"id": "a", "as_of": None})


def test_of_every_query_all_parameters_are_found_and_nothing_else() -> None:
    for name in set(names()) - {"trace_values", "end_query", "running_queries"}:
        text = load(name, "neo4j")
        asked = {one.text for one in parameters(tokenize(text))}
        sent, _ = lists_in_a_map(text, {one: [] for one in asked})
        assert {one.text for one in parameters(tokenize(sent))} <= {"lists"}, name
        assert sent.replace("$lists.", "$") == text, name
