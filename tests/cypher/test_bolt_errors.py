"""What is made of the errors that stores answer with."""

from __future__ import annotations

import pytest
from headwater.cypher.bolt_errors import Problem, explain
from headwater.cypher.driver import load_driver


@pytest.mark.parametrize("kind", ["OutOfMemoryError", "MemoryPoolOutOfMemoryError"])
def test_a_query_that_needs_too_much_memory_is_not_sent_again(kind: str) -> None:
    error = load_driver().exceptions.Neo4jError._hydrate_neo4j(
        code=f"Neo.TransientError.General.{kind}", message="Java heap space"
    )
    assert error.is_retryable()
    problem, failure = explain(error, "your query", "bolt://h:1", "ann", "neo4j", asked="RETURN 1")
    assert problem is Problem.FINAL
    assert (
        str(failure) == "your query needs more memory than the store at bolt://h:1 has for it; narrow it down"
    )
    # What a loader writes may find the room a moment later.
    assert explain(error, "write", "bolt://h:1", "ann", "neo4j", asked=None)[0] is Problem.BUSY
