"""Tags: added, changed and taken away by changes that last, on both stores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.backlog import pending
from headwater.cypher.change import begin_change, write_change
from headwater.cypher.journal import CHANGE, SUFFIX
from headwater.cypher.loader import Loader, catch_up
from headwater.cypher.records import ChangeMade, job_id
from headwater.cypher.store import open_store
from headwater.lineage import log
from headwater.lineage.find import Wanted, find_files, find_jobs, find_runs
from headwater.lineage.resolve import Found, resolve
from headwater.lineage.tags import add, read_name, remove, tags_named, tags_of, update
from headwater.lineage.verify import verify

from headwater import File, Project, Scheduler, TaskDefinitionError, UsageError, task
from tests.conftest import Server, server_of
from tests.runs import MadeUpRun, run_id

headwater_namespace = "tagging"


@task(tags={"owner": ["me", "you"], "kind": "leaf"})
def write(path: str) -> File:
    file = File(path)
    file.write("text")
    return file


@task
def main(path: str) -> Any:
    return [write(path), write.options(tags=["kind=other"])(path + "2")]


class Tagger:
    """Somebody who types `hw tag`."""

    def __init__(self, project: Project) -> None:
        assert catch_up(project, timeout=30).complete
        self.project = project
        self.store = open_store(project)

    def __call__(self, edit: Callable[..., ChangeMade], found: Found, *texts: str) -> Path:
        names = [read_name(text, needs_value=edit is not remove) for text in texts]
        began = begin_change(self.project, ["hw", "tag"])
        path = write_change(self.project, edit(began, found, tags_of(self.store, [found.id]), names))
        assert catch_up(self.project, timeout=30).complete
        return path

    def texts(self, found: Found) -> list[str]:
        return sorted(tag.text for tag in tags_of(self.store, [found.id]) if tag.is_current)

    def findings(self) -> list[tuple[str, str, str]]:
        return [(one.kind, one.label, one.what) for one in verify(self.project, self.store).findings]


@pytest.fixture
def run(project: Project, tmp_path: Path) -> str:
    """A run that was given tags, of jobs that have their own."""
    scheduler = Scheduler(project)
    scheduler.run(main(str(tmp_path / "out.txt")), tags=[("team", "a"), ("team", "b")])
    scheduler.wait_recorded()
    assert scheduler.execution_id is not None
    return scheduler.execution_id


@pytest.fixture
def tag(project: Project, run: str) -> Iterator[Tagger]:
    tagger = Tagger(project)
    yield tagger
    tagger.store.close()


@pytest.fixture
def server(request: pytest.FixtureRequest, project: Project) -> Server:
    """The server behind the project's store."""
    if project.store_settings().is_local:
        return server_of(project)
    found: Server = request.getfixturevalue("neo4j_server")
    return found


def test_tags_of_a_task_and_of_a_call_are_the_jobs_own(tag: Tagger, run: str) -> None:
    jobs = [tag.texts(Found("job", job_id(run, n), "")) for n in range(3)]
    assert jobs == [[], ["kind=leaf", "owner=me", "owner=you"], ["kind=other"]]


def test_everything_can_be_tagged_and_keeps_its_history(tag: Tagger, run: str, tmp_path: Path) -> None:
    call = tag.store.rows("trace_execution", id=run)[0][1]
    view = log.call(tag.store, call)
    assert view is not None
    assert view.result is not None
    value = view.result.value
    whats = [run, job_id(run, 1), str(tmp_path / "out.txt"), "task:tagging.write", call, value]
    for what in whats:
        found = resolve(tag.store, what)
        before = tag.texts(found)
        tag(add, found, "colour=red", "colour=blue")
        assert tag.texts(found) == sorted([*before, "colour=blue", "colour=red"])
        tag(update, found, "colour=green")
        assert tag.texts(found) == sorted([*before, "colour=green"])
        tag(remove, found, "colour")
        assert tag.texts(found) == before
        history = [one for one in tags_of(tag.store, [found.id]) if one.key == "colour"]
        assert sorted(one.value for one in history) == ["blue", "green", "red"]
        assert all(one.at and one.user and one.ended and one.ended_by for one in history)
    assert tag.findings() == []


def test_what_was_given_to_a_run_or_a_job_can_be_taken_away_and_given_again(tag: Tagger, run: str) -> None:
    execution = Found("execution", run, "")
    tag(remove, execution, "team=a")
    assert tag.texts(execution) == ["team=b"]
    tag(update, execution, "team=c")
    assert tag.texts(execution) == ["team=c"]
    tag(add, execution, "team=a")
    assert tag.texts(execution) == ["team=a", "team=c"]
    assert tag.store.rows("log_execution", id=run)[0][-1] == [
        "team=a",
        "team=b",
    ]  # the record stays what it was
    assert tag.findings() == []


def test_a_tag_that_is_there_is_not_added_again_and_one_that_is_not_cannot_go(tag: Tagger, run: str) -> None:
    execution = Found("execution", run, "")
    change = add(
        begin_change(tag.project, ["hw"]), execution, tags_of(tag.store, [run]), [read_name("team=a")]
    )
    assert not change.tags
    with pytest.raises(UsageError, match=r"has no tag team=z\. Its tags: team=a, team=b"):
        tag(remove, execution, "team=z")


def test_runs_jobs_and_files_are_found_by_the_tags_that_they_have_now(
    tag: Tagger, run: str, tmp_path: Path
) -> None:
    def jobs(*tags: str) -> list[int]:
        return [job.n for job in find_jobs(tag.store, Wanted(tags=tags), limit=10).found]

    def runs(*tags: str) -> list[str]:
        return [one.execution.id for one in find_runs(tag.store, Wanted(tags=tags), limit=10).found]

    assert jobs("owner=me") == jobs("owner") == [1]
    assert jobs("kind") == [1, 2]
    assert jobs("team=a") == [0, 1, 2]
    assert runs("team=a", "team=b") == [run]
    assert runs("owner=me") == []
    tag(remove, Found("execution", run, ""), "team=a")
    tag(remove, Found("job", job_id(run, 1), ""), "kind")
    tag(add, resolve(tag.store, "task:tagging.main"), "kind=root")
    call = tag.store.rows("trace_execution", id=run)[0][1]
    tag(add, Found("call", call, ""), "seen=yes")
    tag(add, resolve(tag.store, str(tmp_path / "out.txt")), "seen=yes")
    assert (jobs("team=a"), runs("team=a"), runs("team")) == ([], [], [run])
    assert (jobs("kind"), jobs("kind=root"), jobs("seen=yes")) == ([0, 2], [0], [0])
    assert jobs("owner=me", "team=b") == [1]
    files = find_files(tag.store, "*", tags=["seen"], limit=10).found
    assert [file.path for file in files] == [str(tmp_path / "out.txt")]
    everywhere = [(one.kind, one.text) for one in tags_named(tag.store, read_name("seen=yes"))]
    assert sorted(everywhere) == [("call", "seen=yes"), ("file", "seen=yes")]


def test_tags_are_those_of_an_earlier_time_where_that_is_asked_for(tag: Tagger, run: str) -> None:
    execution = Found("execution", run, "")
    tag(add, execution, "team=c")
    before = AsOf(tag.store, datetime.now(timezone.utc))
    tag(update, execution, "team=d")
    current = sorted(one.text for one in tags_of(before, [run]) if one.is_current)
    assert current == ["team=a", "team=b", "team=c"]
    assert [one.value for one in tags_named(before, read_name("team=d"))] == []
    assert tag.texts(execution) == ["team=d"]


def test_hostile_names_are_kept_as_they_are(tag: Tagger, run: str) -> None:
    execution = Found("execution", run, "")
    hostile = "a'}) DETACH DELETE n //=\x1b[31m\u202e\n`$x"
    tag(add, execution, hostile)
    assert hostile in tag.texts(execution)
    assert tag.findings() == []


def test_a_graph_that_is_loaded_anew_has_the_same_tags_whatever_comes_first(
    tag: Tagger, run: str, server: Server
) -> None:
    execution = Found("execution", run, "")
    tag(update, execution, "team=c")
    tag(add, resolve(tag.store, "task:tagging.main"), "kind=root")
    before = [(one.kind, one.text, one.is_current) for one in tags_named(tag.store)]
    server.wipe()
    for path in tag.project.loaded_journals.glob(f"*{SUFFIX}"):
        os.replace(path, tag.project.journals / path.name)
    loader = Loader(tag.project)
    loader.turn()  # the change is about what is not there yet: it waits
    while pending(tag.project):
        loader.turn()
    loader.close()
    assert [(one.kind, one.text, one.is_current) for one in tags_named(tag.store)] == before
    assert tag.findings() == []


def test_a_change_waits_for_what_it_is_about(project: Project) -> None:
    made_up = MadeUpRun(1, run=run_id(7))
    job = Found("job", job_id(made_up.id, 1), "")
    began = msgspec.structs.replace(begin_change(project, ["hw"]), id=run_id(3))  # sorts before the run
    path = write_change(project, add(began, job, [], [read_name("team=z")]))
    made_up.write(project)
    loader = Loader(project)
    assert loader.turn()
    assert path.exists()
    while pending(project):
        loader.turn()
    loader.close()
    tagger = Tagger(project)
    assert tagger.texts(job) == ["team=z"]
    assert tagger.findings() == []
    tagger.store.close()


@pytest.mark.parametrize(
    ("tampering", "what"),
    [
        ("MATCH (t:Tag) SET t.value = 'other'", "tags"),
        ("MATCH (t:Tag)<-[r:TAGGED]-() DELETE r", "tags"),
        ("MATCH (c:Change)-[r:ENDED]->() DELETE r", "ended"),
        ("MATCH (c:Change) SET c.user = 'nobody'", "user"),
        ("MATCH (c:Change) SET c.more = 1", "more"),
        ("MATCH (c:Change)-[r:ADDED]->() DELETE r", "tags"),
        ("CREATE (:Tag {id: '00', key: 'a', value: 'b'})", "of no change"),
        ("CREATE (:Change {id: 'x', project_root: $root})", "its journal is not there"),
    ],
)
def test_verify_tells_what_of_a_change_is_not_as_its_journal_has_it(
    tag: Tagger, run: str, server: Server, tampering: str, what: str
) -> None:
    tag(update, Found("execution", run, ""), "team=c")
    server.run(tampering, root=str(tag.project.root))
    assert what in {found for _, label, found in tag.findings() if label in ("Change", "Tag")}


def test_a_damaged_change_is_told_and_does_not_stop_the_others(tag: Tagger, run: str) -> None:
    change = tag(add, Found("execution", run, ""), "team=z")
    loaded = tag.project.loaded_journals / change.name
    content = bytearray(loaded.read_bytes())
    content[-1] ^= 1
    loaded.write_bytes(content)
    assert ("damaged", "Journal") in {(kind, label) for kind, label, _ in tag.findings()}
    assert loaded.name.endswith(CHANGE + SUFFIX)


@pytest.mark.parametrize("tags", [{"a=b": "c"}, {"a": {1}}, ["a"], "a=b", [("a", "b", 3)], {"a": ""}, 5])
def test_what_is_no_tag_is_refused_where_a_task_is_defined(tags: Any) -> None:
    with pytest.raises(TaskDefinitionError, match="option tags"):
        task(name="tagged", namespace="tagging", tags=tags)(lambda: 1)


@pytest.mark.parametrize("text", ["", "=", "a", "a=", "=b", "  =b", f"a={'x' * 1001}"])
def test_what_is_no_tag_is_refused_where_it_is_typed(text: str) -> None:
    with pytest.raises(UsageError, match="tag"):
        read_name(text)
