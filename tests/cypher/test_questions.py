"""What is told of a query from its tokens."""

from __future__ import annotations

import pytest
from headwater.cypher.questions import follows_paths, one_statement, returned_columns


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("MATCH (n) RETURN n", ("n",)),
        ("MATCH (n) RETURN n.name, n.x AS y", ("n.name", "y")),
        ("MATCH (n) RETURN [n.a, n.b] AS both, {a: 1, b: 2} AS map, f(1, 2)", ("both", "map", "f(1, 2)")),
        (
            "MATCH (n) RETURN DISTINCT n.limit, n.order AS limit ORDER BY limit SKIP 1 LIMIT 2",
            ("n.limit", "limit"),
        ),
        ("MATCH (n) RETURN n.a // last, of all\n  AS a;", ("a",)),
        ("MATCH (n:return) RETURN 1 AS x UNION MATCH (m) RETURN 2 AS x", ("x",)),
        ("MATCH (n) WHERE EXISTS { MATCH (n) RETURN 1 AS no } RETURN n.a AS yes", ("yes",)),
        ("MATCH (n) RETURN CASE WHEN n.a THEN 1 ELSE 2 END", ("CASE WHEN n.a THEN 1 ELSE 2 END",)),
        ("MATCH (n) RETURN n.a\n  + n.b", ("n.a + n.b",)),
        ("MATCH (n) RETURN *", ()),
        ("CALL db.labels()", ()),
        ("MATCH (n) RETURN 'open", ()),
    ],
)
def test_the_columns_are_what_the_last_return_names(text: str, columns: tuple[str, ...]) -> None:
    assert returned_columns(text) == columns


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MATCH (a)-[:CALLED*0..]->(b) RETURN b", True),
        ("MATCH (a)-[*]-(b) RETURN b", True),
        ("MATCH (a)<-[r:A|B*2]-(b) RETURN b", True),
        ("MATCH (a)-[:CALLED {order: 2 * 3}]->(b) RETURN count(*)", False),
        ("UNWIND [2 * 3] AS x RETURN x * 2 - [1][0]", False),
        ("RETURN '-[:A*]->'", False),
    ],
)
def test_an_edge_of_any_length_is_seen(text: str, told: bool) -> None:
    assert follows_paths(text) is told


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("RETURN 1;", "RETURN 1"),
        ("RETURN ';' ; // x", "RETURN ';'  // x"),
        ("RETURN 1 // ;", "RETURN 1 // ;"),
    ],
)
def test_the_semicolon_at_the_end_goes(text: str, without: str) -> None:
    assert one_statement(text) == without
