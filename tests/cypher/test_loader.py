"""The loader brings what journals hold into the graph, once, and says what it cannot bring."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from headwater.cypher import backlog, loader
from headwater.cypher.backlog import pending, tell_damages
from headwater.cypher.journal import SUFFIX, JournalWriter, apparent_end
from headwater.cypher.load_journal import JournalLoad
from headwater.cypher.loader import Loader, catch_up, damages, ensure_loader
from headwater.cypher.project import SETTINGS, Project, create_project, open_project
from headwater.cypher.records import (
    AnyRecord,
    EvaluationSeen,
    JobEnded,
    JobStarted,
    TagsGiven,
    job_id,
)
from headwater.cypher.store import GraphStore
from headwater.cypher.targets import state_file
from headwater.lineage.verify import verify

from tests.conftest import USES_NEO4J, end_loader
from tests.cypher.written import END, TASK, ask, begin, call, value, write
from tests.graph_dump import dump, duplicates, facts
from tests.runs import EPOCH, MadeUpRun, digest, run_id


def load(project: Project) -> None:
    """Load everything pending, in this process."""
    one = Loader(project)
    try:
        assert one.run(idle=0) == 0
    finally:
        one.close()


# -- what is written ---------------------------------------------------------------------------------------------------


def test_a_loaded_journal_is_moved_and_nothing_is_pending(project: Project, graph: GraphStore) -> None:
    path = MadeUpRun(1).write(project)
    load(project)
    assert pending(project) == []
    assert [p.name for p in project.loaded_journals.iterdir()] == [path.name]


def test_times_are_datetimes_that_an_auditor_can_compare(project: Project, graph: GraphStore) -> None:
    write(
        project,
        1,
        [begin(1), TASK, JobEnded(0, None, TASK.task_hash, None, "DONE", EPOCH + 1, EPOCH + 2, "t"), END],
    )
    load(project)
    between = "j.started > datetime('2026-01-01') AND j.finished < datetime('2027-01-01')"
    text = f"MATCH (j:Job) WHERE {between} RETURN j.started"
    assert ask(graph, text) == [(datetime.fromtimestamp((EPOCH + 1) / 1e6, timezone.utc),)]


def test_the_execution_knows_how_it_began_and_ended(project: Project, graph: GraphStore) -> None:
    path = MadeUpRun(1).write(project)
    size = path.stat().st_size
    load(project)
    [row] = ask(
        graph,
        "MATCH (e:Execution) "
        "RETURN e.command, e.status, e.user, e.tags, e.git_commit, e.loaded_offset, e.loaded_groups",
    )
    groups = len(MadeUpRun(1).groups())
    assert row == ("hw run flow.py --name 'a b'", "DONE", "me", ["kind=test"], None, size, groups)


def test_a_value_has_a_tag_since_it_was_first_given_in_whatever_order_the_journal_tells(
    project: Project, graph: GraphStore
) -> None:
    tagged = value(1)
    late, early = (TagsGiven([("quality", "good")], tagged.value_hash, EPOCH + at) for at in (7, 3))
    write(project, 1, [begin(1), tagged, late, early, END])
    load(project)
    [(tags, times)] = ask(graph, "MATCH (v:Value) RETURN v.tags, v.tags_at")
    assert tags == ["quality=good"]
    assert times == [datetime.fromtimestamp((EPOCH + 3) / 1e6, timezone.utc)]
    assert verify(project, graph).findings == []


def test_jobs_hang_below_the_job_that_spawned_them_even_where_it_is_still_running(
    project: Project, graph: GraphStore
) -> None:
    f = TASK.task_hash
    child = JobEnded(1, 0, f, None, "DONE", EPOCH, EPOCH + 1, "thread")
    path = project.journals / f"{run_id(1)}{SUFFIX}"
    writer = JournalWriter(path, run_id(1))
    writer.append([begin(1), TASK, child])
    load_some(project, graph, path)
    assert ask(graph, "MATCH (p:Job)-[:SPAWNED]->(j:Job) RETURN p.n, p.status, j.n, j.status") == [
        (0, "RUNNING", 1, "DONE")
    ]
    writer.append([JobEnded(0, None, f, None, "DONE", EPOCH, EPOCH + 2, "thread"), END])
    writer.close()
    load(project)
    assert ask(graph, "MATCH (p:Job)-[:SPAWNED]->(j:Job) RETURN p.n, p.status, p.task_name, j.n") == [
        (0, "DONE", "ns.f", 1)
    ]
    assert ask(graph, "MATCH (e:Execution)-[:STARTED]->(j:Job) RETURN j.id") == [(job_id(run_id(1), 0),)]


def load_some(project: Project, graph: GraphStore, path: Path) -> None:
    """Load what an open journal holds now."""
    journal = JournalLoad(path, graph)
    while journal.step():
        pass


def test_what_fed_what_is_told_inside_each_parent(project: Project, graph: GraphStore) -> None:
    records: list[AnyRecord] = [
        begin(1),
        TASK,
        value(1),
        call("a", result=1),
        call("b", result=1),
        call("p", result=1, children=("a", "b"), wiring=[(1, "x", 0)], returns=[1]),
        call("q", result=1, children=("b", "a"), wiring=[(0, "y", 1), (0, "y", -1)], returns=[-1, 0]),
        END,
    ]
    write(project, 1, records)
    load(project)
    name = {digest("call", letter).hex(): letter for letter in "abpq"}
    rows = ask(graph, "MATCH (c)-[f:FED_BY]->(d) RETURN c.call_hash, f.name, f.within, d.call_hash")
    assert sorted((name[c], how, name[within], name[d]) for c, how, within, d in rows) == [
        ("b", "x", "p", "a"),
        ("b", "y", "q", "a"),
        ("b", "y", "q", "q"),
        ("p", "return", "p", "b"),
        ("q", "return", "q", "b"),
        ("q", "return", "q", "q"),
    ]
    rows = ask(graph, "MATCH (c)-[r:CALLED]->(d) RETURN c.call_hash, r.order, d.call_hash")
    assert sorted((name[c], order, name[d]) for c, order, d in rows) == [
        ("p", 0, "a"),
        ("p", 1, "b"),
        ("q", 0, "b"),
        ("q", 1, "a"),
    ]


def test_the_newest_single_reduction_counts_and_is_the_only_one(project: Project, graph: GraphStore) -> None:
    reductions = [
        [EvaluationSeen(digest("eval", "e"), digest("value", v), TASK.task_hash, EPOCH + at)]
        for v, at in ((1, 5), (2, 7), (3, 6))
    ]
    write(project, 1, [begin(1), TASK, value(1), value(2), value(3)], reductions[0])
    load(project)
    for n, reduction in enumerate(reductions[1:], 2):
        write(project, n, [begin(n), *reduction, END])
        load(project)
    assert ask(graph, "MATCH (e:Evaluation)-[:REDUCED_TO]->(v) RETURN v.preview") == [("2",)]


def test_a_call_made_again_is_one_node_as_young_as_its_last_run(project: Project, graph: GraphStore) -> None:
    write(project, 1, [begin(1), TASK, value(1), call("a", result=1, at=5)], [END])
    write(project, 2, [begin(2), TASK, value(1), call("a", result=1, at=9, cacheable=False)], [END])
    write(project, 3, [begin(3), TASK, value(1), call("a", result=1, at=7)], [END])
    load(project)
    text = (
        "MATCH (c:CallNode)-[:OF]->(t) MATCH (c)-[:RETURNED]->(v) RETURN c.recorded_at, c.cacheable, count(*)"
    )
    assert ask(graph, text) == [(datetime.fromtimestamp((EPOCH + 9) / 1e6, timezone.utc), False, 1)]


def test_a_call_with_more_children_than_a_statement_has_rows(project: Project, graph: GraphStore) -> None:
    n = 5_000
    records: list[AnyRecord] = [begin(1), TASK, value(1)]
    records += [call(f"c{i}", result=1, at=i) for i in range(n)]
    wiring = [(i, "x", i - 1) for i in range(1, n)]
    names = tuple(f"c{i}" for i in range(n))
    records.append(call("p", result=1, children=names, wiring=wiring, returns=list(range(n))))
    write(project, 1, [*records, END])
    load(project)
    assert ask(graph, "MATCH (:CallNode)-[r:CALLED]->(:CallNode) RETURN count(r), max(r.order)") == [
        (n, n - 1)
    ]
    assert ask(graph, "MATCH (:CallNode)-[r:FED_BY]->(:CallNode) RETURN count(r)") == [(2 * n - 1,)]


# -- once -----------------------------------------------------------------------------------------------------------


def test_nothing_is_written_twice(project: Project, graph: GraphStore) -> None:
    for seed in range(4):
        MadeUpRun(seed, calls=60).write(project)
    load(project)
    assert duplicates(dump(graph)) == {}


def test_a_run_loaded_from_its_journal_again_changes_nothing(project: Project, graph: GraphStore) -> None:
    path = MadeUpRun(1, calls=60).write(project)
    load(project)
    before = dump(graph)
    os.replace(project.loaded_journals / path.name, path)
    load(project)
    assert dump(graph) == before


def test_how_the_records_are_cut_into_groups_and_batches_makes_no_difference(
    project: Project, graph: GraphStore
) -> None:
    run = MadeUpRun(5, calls=60)
    path = run.write(project, size=1)
    while pending(project):
        journal = JournalLoad(
            path, graph, share=1500
        )  # a batch a record, and nothing remembered between them
        if not journal.step():
            journal.finish(project.loaded_journals)
    small = dump(graph)
    other = MadeUpRun(5, run=run_id(77), calls=60)
    other.write(project, size=10_000)
    load(project)
    assert facts(graph) == {name: rows for name, rows in small.items() if name in facts(graph)}
    assert len(ask(graph, "MATCH (j:Job) RETURN j.id")) == 2 * len(small["Job"])


# -- damaged and abandoned ---------------------------------------------------------------------------------------------


def test_a_run_whose_process_went_away_failed_and_its_running_jobs_were_cancelled(
    project: Project, graph: GraphStore
) -> None:
    f = TASK.task_hash
    running = JobStarted(0, None, f, digest("eval", 0), EPOCH, "thread")
    path = write(
        project, 1, [begin(1), TASK, running, JobEnded(1, 0, f, None, "DONE", EPOCH, EPOCH + 1, "thread")]
    )
    os.utime(path, (2e9, 2e9))
    load(project)
    [(status, error, finished)] = ask(graph, "MATCH (e:Execution) RETURN e.status, e.error, e.finished")
    assert (status, error) == ("FAILED", "the process that ran it went away")
    assert finished == datetime.fromtimestamp(2e9, timezone.utc)
    assert ask(graph, "MATCH (j:Job) RETURN j.n, j.status ORDER BY j.n") == [(0, "CANCELLED"), (1, "DONE")]


def test_no_job_of_a_run_whose_process_went_away_ends_before_it_began(
    project: Project, graph: GraphStore
) -> None:
    running = [JobStarted(n, None, TASK.task_hash, digest("eval", n), EPOCH + n, "thread") for n in range(3)]
    path = write(project, 1, [begin(1), TASK, *running])
    # The clock that dates files is coarser than the one that jobs are dated by.
    os.utime(path, ns=((EPOCH - 4_200) * 1000, (EPOCH - 4_200) * 1000))
    load(project)
    assert ask(graph, "MATCH (j:Job) WHERE j.finished < j.started RETURN j.n") == []
    [(job, run)] = ask(graph, "MATCH (e:Execution) MATCH (j:Job {n: 2}) RETURN j.finished, e.finished")
    assert job == run == datetime.fromtimestamp((EPOCH + 2) / 1e6, timezone.utc)
    assert not verify(project, graph).findings


def test_a_damaged_journal_is_loaded_up_to_the_damage_which_is_told_by_offset(
    project: Project, graph: GraphStore
) -> None:
    run = MadeUpRun(2)
    path = run.write(project)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    caught = catch_up(project)
    assert caught.complete
    [damage] = damages(project)
    assert (damage.journal, damage.groups) == (path.name, len(run.groups()) - 1)
    assert "a group is cut off" in damage.reason
    assert (
        whole[damage.offset + 8 :][:32].hex() == ask(graph, "MATCH (e:Execution) RETURN e.journal_head")[0][0]
    )
    assert "damaged at byte" in ask(graph, "MATCH (e:Execution) RETURN e.error")[0][0]
    assert tell_damages(project, "another") == []
    assert tell_damages(project) == [damage]
    assert tell_damages(project) == []
    assert damages(project) == [damage]


# -- waiting --------------------------------------------------------------------------------------------------------


def test_where_nothing_is_pending_nothing_is_waited_for_and_no_store_is_opened(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from headwater.cypher.loader import catch_up\n"
        "from headwater.cypher.project import open_project\n"
        "project = open_project(Path(sys.argv[1]))\n"
        "caught = catch_up(project); assert caught.complete and not caught.waited, caught\n"
        "assert not {'neo4j', 'arcadedb', 'subprocess'} & set(sys.modules)\n"
    )
    create_project(tmp_path)
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert not (tmp_path / ".headwater" / "graph").exists()


def test_catching_up_starts_a_loader_and_says_how_far_it_is(project: Project, graph: GraphStore) -> None:
    for seed in range(3):
        MadeUpRun(seed).write(project)
    told: list[backlog.Backlog] = []
    caught = catch_up(project, progress=told.append)
    assert caught.complete
    assert caught.problem is None
    assert told[0].journals == 3
    assert told[0].bytes > 0
    assert len(ask(graph, "MATCH (e:Execution) WHERE e.status = 'DONE' RETURN e.id")) == 3


def test_of_a_run_that_goes_on_only_what_it_has_written_by_now_is_waited_for(
    project: Project, graph: GraphStore
) -> None:
    path = project.journals / f"{run_id(1)}{SUFFIX}"
    writer = JournalWriter(path, run_id(1))
    writer.append([begin(1), TASK, value(1)])
    assert catch_up(project, timeout=60).complete
    assert ask(graph, "MATCH (v:Value) RETURN v.preview") == [("1",)]
    assert ask(graph, "MATCH (e:Execution) RETURN e.loaded_offset") == [(apparent_end(path),)]
    writer.append([value(2), END])
    writer.close()
    assert catch_up(project, timeout=60).complete
    assert pending(project) == []
    assert len(ask(graph, "MATCH (v:Value) RETURN v.preview")) == 2


def test_a_journal_that_is_loaded_while_it_is_looked_at_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = create_project(tmp_path)
    path = MadeUpRun(1).write(project)

    def held_until_just_now(journal: Path) -> bool:
        journal.rename(journal.with_suffix(".moved"))
        return True

    monkeypatch.setattr(backlog, "is_held", held_until_just_now)
    assert catch_up(project).complete
    assert not path.exists()


def test_a_journal_that_the_loader_of_another_store_has_just_finished_is_no_trouble(
    project: Project, graph: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    MadeUpRun(1).write(project)
    gone, looks = project.journals / f"{run_id(2)}{SUFFIX}", iter([True, True])
    monkeypatch.setattr(
        loader, "pending", lambda found: [*pending(found), *([gone] if next(looks, False) else [])]
    )
    load(project)
    assert [path.name for path in project.loaded_journals.iterdir()] == [f"{run_id(1)}{SUFFIX}"]


def test_one_run_alone_can_be_waited_for(project: Project, graph: GraphStore) -> None:
    live = JournalWriter(project.journals / f"{run_id(1)}{SUFFIX}", run_id(1))
    live.append([begin(1)])
    path = MadeUpRun(2).write(project)
    assert catch_up(project, execution_id=run_id(2), timeout=60).complete
    assert not path.exists()
    live.close()


@pytest.fixture
def far_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose store is away."""
    monkeypatch.setenv("HEADWATER_STORE_URI", "bolt://127.0.0.1:9")
    project = create_project(tmp_path)
    yield project
    stop_loader(project)


def test_a_store_that_is_away_ends_the_waiting_and_nothing_is_lost(far_project: Project) -> None:
    path = MadeUpRun(1).write(far_project)
    caught = catch_up(far_project, timeout=60)
    assert not caught.complete
    assert "no store answers at bolt://127.0.0.1:9" in (caught.problem or "")
    assert pending(far_project) == [path]


def test_a_loader_that_can_write_nothing_down_is_not_waited_for_for_ever(far_project: Project) -> None:
    """As on a disk that is full: neither its log nor what it has to say of its troubles can be written."""
    path = MadeUpRun(1).write(far_project)
    (far_project.folder / "loader.log").symlink_to("/dev/full")
    state_file(far_project).with_suffix(".state.part").mkdir()
    caught = catch_up(far_project, timeout=90)
    assert "the loader ends in an error each time it is started" in (caught.problem or "")
    assert pending(far_project) == [path]


def test_a_loader_that_is_killed_each_time_is_not_waited_for_for_ever(
    far_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that has too little memory for it."""
    path, killed = MadeUpRun(1).write(far_project), tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o700)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(killed))
        patch.setattr(backlog, "_LOOK_FOR_LOADER", 0.0)
        caught = catch_up(far_project, timeout=30)
    assert "the loader is killed each time it is started (signal 9)" in (caught.problem or "")
    assert pending(far_project) == [path]


@USES_NEO4J
def test_a_refused_password_ends_the_waiting_at_once(
    neo4j_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    MadeUpRun(1).write(neo4j_project)
    monkeypatch.setenv("HEADWATER_STORE_PASSWORD", "not this one")
    caught = catch_up(neo4j_project, timeout=60)
    assert "refuses user neo4j" in (caught.problem or "")


def stop_loader(project: Project) -> None:
    """Ask the project's loader to go, and wait until it has."""
    ensure_loader(project)
    end_loader(project)


def test_sixteen_who_need_a_loader_end_with_one_and_with_everything_loaded(
    project: Project, graph: GraphStore
) -> None:
    for seed in range(6):
        MadeUpRun(seed).write(project)
    command = [sys.executable, "-m", "headwater.cypher.loader", str(project.root), "--idle", "0.2"]
    loaders = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(16)]
    said = [loader.communicate()[1] for loader in loaders]
    assert {loader.returncode for loader in loaders} == {0}
    assert sum(b"loaded" in text for text in said) == 1
    assert pending(project) == []
    assert duplicates(dump(graph)) == {}


def test_a_loader_leaves_its_log_in_a_file_and_nothing_on_the_terminal(local_project: Project) -> None:
    MadeUpRun(1).write(local_project)
    code = (
        "import sys; from pathlib import Path\n"
        "from headwater.cypher.loader import catch_up\n"
        "from headwater.cypher.project import open_project\n"
        "assert catch_up(open_project(Path(sys.argv[1]))).complete\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code, str(local_project.root)], capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert "loaded" in (local_project.folder / "loader.log").read_text()


def test_a_folder_that_is_no_project_is_wrong_use(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "headwater.cypher.loader", str(tmp_path)], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"hw init" in done.stderr


def test_settings_are_read_anew_by_every_loader(local_project: Project) -> None:
    (local_project.folder / SETTINGS).write_text("[store]\nuri = bolt://127.0.0.1:9\n", encoding="utf-8")
    MadeUpRun(1).write(local_project)
    assert not catch_up(open_project(local_project.root), timeout=60).complete
    stop_loader(local_project)
    (local_project.folder / SETTINGS).write_text("[store]\nuri = local\n", encoding="utf-8")
    assert catch_up(open_project(local_project.root), timeout=60).complete
