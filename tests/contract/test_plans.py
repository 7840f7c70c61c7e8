"""How the stores would run the queries: nothing that grows with the graph where an index serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import pytest
from headwater.cypher.backlog import catch_up
from headwater.cypher.driver import load_driver
from headwater.cypher.errors import QueryRefused
from headwater.cypher.guard import check_read_only
from headwater.cypher.project import Project
from headwater.cypher.queries import FOLDER, load, names
from headwater.cypher.store import GraphStore
from headwater.cypher.tokens import parameters, tokenize
from headwater.lineage.rules import SHIPPED, read_rule

from benchmarks.history import History
from tests.conftest import USES_NEO4J, Server

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
    "personal-data-basis": "a rule: of all datasets, those of persons",
}

BY_FLOW = {"audit_makers", "impact_calls", "trace_calls", "verify_wiring"}
"""begin at the flows inside a call: what a call that many share was fed by is mostly inside others"""

UNENDED = {
    *("impact_unended_above", "impact_unended_below", "impact_unended_given"),
    *("impact_unended_jobs", "impact_unended_of_task", "impact_unended_then"),
}
"""find something only where jobs came to no result"""
CUT_OFF = """
MATCH (j:Job)-[made:MADE]->(:CallNode) WHERE j.task_name = $name OR EXISTS { (j)-[:SPAWNED]->() }
WITH j, made ORDER BY j.id LIMIT 99
MATCH (v:Value) WITH j, made, v ORDER BY v.value_hash
WITH j, made, collect(v)[0] AS v
CREATE (j)-[:GIVEN {name: 'x', position: 0}]->(v)
SET j.status = 'CANCELLED'
DELETE made
"""

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


def queries(dialect: str) -> list[str]:
    # The local graph's own lists of queries are no Cypher that it could explain.
    found = [name for name in reading(dialect) if name not in ("running_queries", "end_query")]
    assert len(found) > 80
    return found


@pytest.mark.parametrize("store_and_server", ["local"], indirect=True)
def test_every_query_and_every_rule_has_a_plan_on_the_local_graph(store: GraphStore) -> None:
    for name in queries(store.dialect):
        assert store.explain(load(name, store.dialect), {}, timeout=30).operator not in ("", "unknown"), name
    for rule in RULES:
        assert store.explain(rule_text(rule), {}, timeout=30).operator not in ("", "unknown"), rule


# -- as they really run --------------------------------------------------------------------------------------------

RULES = sorted(file.stem for file in SHIPPED.iterdir())
EARLY, LATE = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2000, 2100))
MICROS = 4_000_000_000_000_000


def rule_text(rule: str) -> str:
    return read_rule(SHIPPED / f"{rule}.cypher").query


class Profiler:
    """Runs queries on a Neo4j that holds something, and says which steps each took.

    Attributes:
        found: the queries that had something to find.
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._known = self._parameters()
        self.found: set[str] = set()

    def operators(self, texts: dict[str, str]) -> dict[str, set[str]]:
        with ThreadPoolExecutor(4) as threads:  # Neo4j takes far longer to plan a query than to run it
            return dict(zip(texts, threads.map(self._operators, texts, texts.values()), strict=True))

    def _operators(self, name: str, text: str) -> set[str]:
        known = self._known | ({"since": 0} if name.startswith("find_") else {})
        if re.search(r"task_hash\s*[:=]\s*\$task\b", text):
            known |= {"task": known["task_of_name"]}
        if name.endswith("_then"):
            known |= {"as_of": known["while_at_work"]}
        wanted = {one.text for one in parameters(tokenize(text))}
        assert wanted <= known.keys(), (name, wanted - known.keys())
        with self._driver.session(default_access_mode="READ") as session:
            result = session.run(f"PROFILE {text}", {one: known[one] for one in wanted})
            if list(result):
                self.found.add(name)
            profile = result.consume().profile
        assert profile is not None, name
        return {step["operatorType"].removesuffix("@neo4j") for step in steps(profile)}

    def _parameters(self) -> dict[str, Any]:
        """What queries and rules ask for, by name: all keys and names of a kind that there are, or one of them."""
        runs, jobs, calls, evals, tasks, names, files, paths, values = map(
            self._all,
            [
                "Execution.id",
                "Job.id",
                "CallNode.call_hash",
                "CallNode.eval_hash",
                "Task.task_hash",
                "Task.fullname",
                "File.file_hash",
                "File.path",
                "Value.value_hash",
            ],
        )
        [task] = self._driver.execute_query(
            "MATCH (t:Task {fullname: $name}) RETURN t.task_hash LIMIT 1", name=names[0]
        ).records
        [at_work] = self._driver.execute_query(
            "MATCH (j:Job)-[:MADE]->()-[:TOOK]->(v:Value) WHERE v.value_hash IN $values AND j.started < j.finished "
            "AND j.status = 'DONE' RETURN j.started LIMIT 1",
            values=values,
        ).records
        tag = {"text": "kind=test", "any": False, "without": [], "runs": runs, "jobs": jobs, "tasks": tasks}
        labels = [
            {"kind": "execution", "id": runs[0], "dataset": "a", "sensitivity": "personal", "licence": "MIT"}
        ]
        sets: list[dict[str, Any]] = [
            {
                "keys": [*runs, *jobs, *calls, *tasks, *files, *values, *evals],
                "executions": runs,
                "runs": runs,
            },
            {
                "jobs": jobs,
                "calls": calls,
                "call_hashes": calls,
                "tasks": tasks,
                "task_hashes": tasks,
                "ids": jobs,
            },
            {"files": files, "file_hashes": files, "paths": paths, "fullnames": names, "beginnings": ["/"]},
            {"id": runs[0], "execution": runs[0], "dashed": runs[0][:5], "call": calls[0], "root": calls[0]},
            {
                "file": files[0],
                "path": paths[0],
                "value": values[0],
                "eval_hash": evals[0],
                "task_hash": tasks[0],
            },
            {"task": names[0], "name": names[0], "fullname": names[0], "prefix": paths[0][:3], "regex": ".*"},
            {"statuses": ["DONE"], "recorded": ["DONE"], "status": "DONE", "type": "int", "kinds": ["TOOK"]},
            {"user": None, "commit": None, "host": None, "as_of": None, "since": EARLY},
            {"until": MICROS, "before": MICROS},
            {"versions": None, "task_of_name": task[0], "while_at_work": at_work[0], "newest": 1},
            {"upto": "z", "limit": 20, "skip": 0, "most": 100},
            {"option": "declassifies", "properties": ["id"]},
            {"after_run": "z", "after_n": -1, "after_path": "", "after_file": "", "beginning": ""},
            {"from": "", "to": "z"},
            {"datasets": [], "states": [], "marks": [], "uncacheable": [], "tags": [{**tag, "calls": calls}]},
            {
                "labels": labels,
                "origins": [{"file": files[0], "path": paths[0], "datasets": [], "taken": LATE}],
            },
            {"days": 1, "conflicts": [["MIT", "MIT"]], "underivable": ["MIT"], "sensitivities": ["personal"]},
        ]
        return {name: value for some in sets for name, value in some.items()}

    def _all(self, what: str) -> list[Any]:
        label, key = what.split(".")
        query = f"MATCH (n:{label}) RETURN DISTINCT n.{key} AS k ORDER BY k LIMIT 99"
        return [row[0] for row in self._driver.execute_query(query).records]


def steps(profile: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield profile
    for child in profile.get("children", ()):
        yield from steps(child)


@USES_NEO4J
def test_no_query_goes_through_all_there_is_where_an_index_serves(
    neo4j_project: Project, neo4j_server: Server
) -> None:
    for _ in History(neo4j_project, calls=600).write():
        pass
    assert catch_up(neo4j_project).complete
    driver = load_driver().GraphDatabase.driver(
        neo4j_server.uri, auth=(neo4j_server.user, neo4j_server.password)
    )
    with driver:
        [first] = driver.execute_query("MATCH (t:Task) RETURN t.fullname ORDER BY t.fullname LIMIT 1").records
        assert driver.execute_query(CUT_OFF, name=first[0]).summary.counters.relationships_created > 0
        # What was planned while other tests had the store would be planned as for what they had in it.
        driver.execute_query("CALL db.prepareForReplanning(60)")
        driver.execute_query("CALL db.clearQueryCaches()")
        profiler = Profiler(driver)
        ran = profiler.operators({name: load(name, "neo4j") for name in queries("neo4j")})
        rules = profiler.operators({rule: rule_text(rule) for rule in RULES})
        assert len(profiler.found) > 70
        assert UNENDED - profiler.found == set()
    off = {
        name: found
        for name, used in {**ran, **rules}.items()
        if (
            found := {
                one for one in used if "Cartesian" in one or (one.endswith(SCANS) and name not in MAY_SCAN)
            }
        )
    }
    assert off == {}
    assert {name for name in BY_FLOW if "DirectedRelationshipIndexSeek" not in ran[name]} == set()
    assert {name for name in IN_ORDER if "PartialTop" not in ran[name]} == set()


@pytest.mark.parametrize("word", ["EXPLAIN", "explain", "PROFILE", "/* */ Explain"])
def test_a_query_that_asks_for_its_plan_itself_is_explained_once(store: GraphStore, word: str) -> None:
    text = "MATCH (t:Task {fullname: $name}) RETURN t.task_hash"
    plan = store.explain(f"{word} {text}", {"name": "x"}, timeout=10)
    assert plan.operator == store.explain(text, {"name": "x"}, timeout=10).operator


@pytest.mark.parametrize("text", ["CREATE (n) RETURN n", "MATCH (n) DELETE n"])
def test_what_would_write_is_not_even_explained(store: GraphStore, text: str) -> None:
    with pytest.raises(QueryRefused):
        store.explain(text, {}, timeout=10)
