"""How the stores would run the queries: nothing that grows with the graph where an index serves."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from headwater.cypher.errors import QueryRefused
from headwater.cypher.guard import check_read_only
from headwater.cypher.queries import FOLDER, load, names
from headwater.cypher.store import GraphStore, Plan
from headwater.lineage.rules import SHIPPED, read_rule

SCANS = ("AllNodesScan", "NodeByLabelScan", "RelationshipTypeScan")
MAY_SCAN = {
    "audit_named": "of all calls, those that named files",
    "ask_handle_states": "of all states, those that calls gave",
    "ask_failed_jobs": "of all jobs, those that failed",
    "ask_made_files": "of all files",
    "ask_outside_files": "of all files",
    "ask_runs_by_user": "counts all runs",
    "ask_slowest_tasks": "adds up all jobs",
    "ask_task_versions": "lists all versions",
    "ask_uncommitted_runs": "of all runs",
    "datasets": "lists all datasets",
    "find_type_calls": "there is no index of the types of values, which every load would pay for",
    "labels_declassifying": "of all tasks, those that declassify",
    "log_executions": "of all runs, the newest",
    "resolve_executions": "of all runs, the newest",
    "resolve_near_files": "of all files, those whose path ends so",
    "resolve_task_names": "of all tasks, the nearest name",
    "schema_versions": "there are as many as migrations",
    "tags_given_to_jobs": "of all jobs, those that were given a tag",
    "tags_given_to_values": "of all values, those that were given a tag",
    "tags_given_to_runs": "of all runs, those that were given a tag",
    "tags_named": "of all tags, those of a name",
    "verify_change_ids": "verify compares everything",
    "verify_executions": "verify compares everything",
    "verify_foreign_edges": "verify compares everything",
    "verify_foreign_nodes": "verify compares everything",
    "verify_seals": "verify compares everything",
    "verify_stray_changes": "verify compares everything",
    "verify_value_tags": "verify compares everything",
    "verify_stray_jobs": "verify compares everything",
}

BY_FLOW = {"trace_wiring", "verify_wiring"}
"""begin at the flows inside a call: what a call that many share was fed by is mostly inside others"""

IN_ORDER = {"audit_files", "find_files"}
"""read an index in the order that is asked for, and so no further than to the end of a page"""


def reading(dialect: str) -> Iterator[str]:
    for name in names():
        if not ((FOLDER / f"{name}.cypher").is_file() or (FOLDER / f"{name}.{dialect}.cypher").is_file()):
            continue
        try:
            check_read_only(load(name, dialect), dialect)
        except QueryRefused:
            continue
        yield name


def test_what_was_put_together_from_a_single_reduction_counts_as_made_wherever_made_counts() -> None:
    for path in sorted([*FOLDER.glob("**/*.cypher"), *SHIPPED.iterdir()]):
        text = path.read_text("utf-8")
        for found in re.finditer(r"(\w+)\.status <> 'CACHED'", text):
            further = f" OR {found[1]}.reason STARTS WITH 'single reduction'"
            assert text.startswith(further, found.end()), path.name


def operators(plan: Plan) -> Iterator[str]:
    yield plan.operator
    for step in plan.steps:
        yield from operators(step)


def test_every_reading_query_has_a_plan_on_both_stores(store: GraphStore) -> None:
    # The local graph's own lists of queries are no Cypher that it could explain.
    found = [name for name in reading(store.dialect) if name not in ("running_queries", "end_query")]
    assert len(found) > 80
    for name in found:
        plan = store.explain(load(name, store.dialect), {}, timeout=30)
        assert plan.operator not in ("", "unknown"), name
        if store.dialect == "neo4j":
            used = set(operators(plan))
            assert not any("Cartesian" in operator for operator in used), name
            scans = {operator for operator in used if operator.endswith(SCANS)}
            assert not scans or name in MAY_SCAN, (name, scans)
            assert "DirectedRelationshipIndexSeek" in used or name not in BY_FLOW, (name, used)
            assert "PartialTop" in used or name not in IN_ORDER, (name, used)


MAY_SCAN_RULES = {
    "personal-data-basis": "of all datasets, those of persons",
}


@pytest.mark.parametrize("rule", sorted(file.stem for file in SHIPPED.iterdir()))
def test_every_rule_has_a_plan_on_both_stores(store: GraphStore, rule: str) -> None:
    plan = store.explain(read_rule(SHIPPED / f"{rule}.cypher").query, {}, timeout=30)
    assert plan.operator not in ("", "unknown")
    if store.dialect == "neo4j":
        used = set(operators(plan))
        assert not any("Cartesian" in operator for operator in used), used
        scans = {operator for operator in used if operator.endswith(SCANS)}
        assert bool(scans) == (rule in MAY_SCAN_RULES), (rule, scans)


@pytest.mark.parametrize("word", ["EXPLAIN", "explain", "PROFILE", "/* */ Explain"])
def test_a_query_that_asks_for_its_plan_itself_is_explained_once(store: GraphStore, word: str) -> None:
    text = "MATCH (t:Task {fullname: $name}) RETURN t.task_hash"
    plan = store.explain(f"{word} {text}", {"name": "x"}, timeout=10)
    assert plan.operator == store.explain(text, {"name": "x"}, timeout=10).operator


@pytest.mark.parametrize("text", ["CREATE (n) RETURN n", "MATCH (n) DELETE n"])
def test_what_would_write_is_not_even_explained(store: GraphStore, text: str) -> None:
    with pytest.raises(QueryRefused):
        store.explain(text, {}, timeout=10)
