"""The journals that the load benchmark loads are what a run would have written."""

from __future__ import annotations

from headwater.cypher.backlog import catch_up
from headwater.cypher.project import Project
from headwater.cypher.store import open_store

from benchmarks.synthetic import write_fan_out


def test_a_made_up_run_is_loaded_whole_into_the_store_of_the_project(project: Project) -> None:
    journal = write_fan_out(project, 50, salt="test")
    assert catch_up(project).complete
    assert not journal.exists()
    store = open_store(project)
    try:
        [counts] = store.ask(
            "MATCH (e:Execution)-[:STARTED]->(r:Job) MATCH (j:Job)-[:MADE]->(c:CallNode)-[:RETURNED]->(v:Value) "
            "RETURN count(DISTINCT e), count(DISTINCT j), count(DISTINCT c)",
            {},
            timeout=30,
            limit=10,
        ).rows
    finally:
        store.close()
    assert tuple(counts) == (1, 51, 51)
