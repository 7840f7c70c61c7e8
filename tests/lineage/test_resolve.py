"""What people type to mean a run, a job, a call, a value, a task or a file."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from headwater.cypher.errors import UsageError
from headwater.cypher.store import GraphStore
from headwater.lineage.find import find_files
from headwater.lineage.resolve import resolve

from tests.conftest import Cypher

START = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
RUNS = [f"0199b2c4-000{n}-7000-8000-00000000000{n}" for n in range(3)]


@pytest.fixture
def graph(store: GraphStore, cypher: Cypher) -> GraphStore:
    """Three runs and one of everything else."""
    for number, run in enumerate(RUNS):
        cypher(
            "CREATE (:Execution {id: $id, command: $command, started: datetime($at)})",
            id=run,
            command=f"hw run flow.py number{number}",
            at=(START + timedelta(hours=number)).isoformat(),
        )
    cypher("CREATE (:Job {id: 'aa11', task_name: 'flow.main', started: datetime($at)})", at=START.isoformat())
    cypher(
        "CREATE (:CallNode {call_hash: 'aa22', task_name: 'flow.main', recorded_at: datetime($at)})",
        at=START.isoformat(),
    )
    cypher("CREATE (:Task {task_hash: 'bb11', fullname: 'flow.main'})")
    cypher(
        "CREATE (t:Task {task_hash: 'bb22', fullname: 'flow.main'}) "
        "CREATE (:CallNode {call_hash: 'cc11', task_name: 'flow.main', recorded_at: datetime($at)})-[:OF]->(t)",
        at=START.isoformat(),
    )
    cypher("CREATE (:Value {value_hash: 'dd11', preview: '42'})")
    return store


def took(cypher: Cypher, name: str, path: str, digest: str, at: datetime) -> None:
    cypher(
        "CREATE (f:File {file_hash: $name, path: $path, evidence: 'stat', digest: $digest, size: 1}) "
        "CREATE (v:Value {value_hash: 'v' + $name})-[:REFERS_TO]->(f) "
        "CREATE (c:CallNode {call_hash: 'c' + $name, task_name: 't', recorded_at: datetime($at)}) "
        "CREATE (c)-[:TOOK {name: 'x'}]->(v)",
        name=name,
        path=path,
        digest=digest,
        at=at.isoformat(),
    )


@pytest.mark.parametrize(
    ("what", "run"),
    [
        ("-", 2),
        ("~0", 2),
        ("~1", 1),
        ("~2", 0),
        ("0199b2c4-0001", 1),
        ("0199b2c40001", 1),
        ("0199B2C4-0002", 2),
    ],
)
def test_runs_are_meant_by_age_or_by_the_beginning_of_their_id(
    graph: GraphStore, what: str, run: int
) -> None:
    found = resolve(graph, what)
    assert (found.kind, found.id) == ("execution", RUNS[run])
    assert found.label == f"hw run flow.py number{run}"
    assert found.at == START + timedelta(hours=run)


@pytest.mark.parametrize(
    ("what", "kind", "id_"),
    [
        ("aa1", "job", "aa11"),
        ("AA2", "call", "aa22"),
        ("aa22", "call", "aa22"),
        ("bb1", "task", "bb11"),
        ("d", "value", "dd11"),
        ("flow.main", "task", "bb22"),
    ],
)
def test_anything_else_is_meant_by_the_beginning_of_its_key(
    graph: GraphStore, what: str, kind: str, id_: str
) -> None:
    found = resolve(graph, what)
    assert (found.kind, found.id) == (kind, id_)


def test_what_is_ambiguous_lists_its_candidates(graph: GraphStore) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(graph, "aa")
    lines = str(caught.value).splitlines()
    assert lines[0] == "aa is the beginning of more than one id. Type more of the one that you mean:"
    assert sorted(line.split()[:3] for line in lines[1:]) == [
        ["aa11", "job", "flow.main"],
        ["aa22", "call", "flow.main"],
    ]
    with pytest.raises(UsageError, match=r"0199b2c4-0000 .*\n.*0199b2c4-0001 .*\n.*0199b2c4-0002 "):
        resolve(graph, "0199")


def test_an_unknown_name_brings_the_nearest(graph: GraphStore) -> None:
    with pytest.raises(UsageError, match=r"Did you mean flow\.main\?"):
        resolve(graph, "flow.mian")
    with pytest.raises(UsageError, match="nothing recorded is called ffff"):
        resolve(graph, "ffff")
    with pytest.raises(UsageError, match="there are only 3 runs: ~2 is the first"):
        resolve(graph, "~3")


def test_nothing_means_nothing(store: GraphStore) -> None:
    for what, said in [("", "WHAT is empty: give"), (" ", "WHAT is empty"), ("task:", "no name after task:")]:
        with pytest.raises(UsageError, match=said):
            resolve(store, what)


def test_in_an_empty_graph_the_advice_is_to_run_something(store: GraphStore) -> None:
    for what in "-", "~4":
        with pytest.raises(UsageError, match="Type: hw run FILE TASK"):
            resolve(store, what)


def test_a_path_means_the_content_that_a_call_took_or_returned_last(
    store: GraphStore, cypher: Cypher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = os.path.abspath("data.csv")
    took(cypher, "f1", path, "old", START)
    took(cypher, "f2", path, "new", START + timedelta(hours=1))
    (tmp_path / "below" / "further").mkdir(parents=True)
    (tmp_path / "link").symlink_to("below/further")
    behind = "link/../../data.csv"  # two up from where the link leads
    for what in "data.csv", "./data.csv", path, "../" + tmp_path.name + "/data.csv", behind:
        found = resolve(store, what)
        assert (found.kind, found.id, found.label) == ("file", "f2", path)
    now = resolve(store, "data.csv", still_valid=lambda path, evidence, digest: digest == "old")
    assert now.id == "f1"
    assert resolve(store, "data.csv", still_valid=lambda *_: False).id == "f2"


def test_a_url_means_what_was_recorded_of_it_also_in_the_form_that_it_is_written_in(
    store: GraphStore, cypher: Cypher
) -> None:
    took(cypher, "f1", "s3a://bucket/a", "old", START + timedelta(hours=1))
    took(cypher, "f2", "s3://bucket/b", "old", START)
    took(cypher, "f3", "s3a://bucket/b", "old", START + timedelta(hours=1))
    took(cypher, "f4", "az://in@me.blob.core.windows.net/dir", "old", START)
    assert [resolve(store, f"s3a://bucket/{name}").id for name in "ab"] == ["f1", "f2"]
    assert resolve(store, "abfss://in@me.dfs.core.windows.net/dir/").id == "f4"
    assert [file.file for file in find_files(store, "ABFS://in@me*/d*", limit=9).found] == ["f4"]
    assert [file.file for file in find_files(store, "s3a://bucket/*", limit=9).found] == ["f2", "f1", "f3"]
    assert [file.file for file in find_files(store, "s3://bucket/*", limit=9).found] == ["f2"]


def test_a_url_means_a_file(store: GraphStore, cypher: Cypher) -> None:
    took(cypher, "f1", "s3://bucket/data.csv", "1", START)
    assert resolve(store, "s3://bucket/data.csv").id == "f1"


def test_an_unknown_path_brings_recorded_files_of_a_like_name(store: GraphStore, cypher: Cypher) -> None:
    took(cypher, "f1", "/data/2013/flights.csv", "1", START)
    for what in "flights.csv", "/elsewhere/flights.csv", "./fligths.csv", "fligths.csv":
        with pytest.raises(UsageError, match=r"Did you mean /data/2013/flights\.csv\?"):
            resolve(store, what)
    with pytest.raises(UsageError, match="no recorded call took or returned the file /nowhere/zzz"):
        resolve(store, "/nowhere/zzz")
