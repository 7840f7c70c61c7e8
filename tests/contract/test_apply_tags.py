"""Tags that a workflow gives while it runs, on both stores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.change import begin_change, write_change
from headwater.cypher.loader import catch_up
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.find import Wanted, find_jobs, find_runs
from headwater.lineage.log import executions
from headwater.lineage.resolve import Found
from headwater.lineage.tags import read_name, remove, tags_named, tags_of, tags_since
from headwater.lineage.verify import verify

from headwater import CallError, DryRunResult, Project, Scheduler, apply_tags, no_prov, seq, subrun, task

headwater_namespace = "applying"


@task(version="1")
def score(n: int) -> dict[str, int]:
    return {"score": n}


@task(version="1")
def names(n: int) -> list[str]:
    return [f"seed={n}"]


@task(version="1", tags={"kind": "model"})
def model(n: int) -> Any:
    return apply_tags(
        score(n),
        tags={"quality": ["good", "checked"]},
        job_tags=names(n),
        execution_tags=["campaign=spring"],
    )


@task(version="1")
def main(n: int) -> Any:
    return [model(n), n]


class Runner:
    """Runs expressions, and says what is tagged."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.store: GraphStore = open_store(project)

    def __call__(self, expression: Any, **options: Any) -> tuple[Any, str]:
        scheduler = Scheduler(self.project)
        value = scheduler.run(expression, **options)
        scheduler.wait_recorded()
        return value, scheduler.execution_id or ""

    def tags(self, kind: str) -> list[str]:
        """The tags on everything of a kind, in order."""
        assert catch_up(self.project, timeout=30).complete
        return sorted(tag.text for tag in tags_named(self.store) if tag.kind == kind and tag.is_current)


@pytest.fixture
def run(project: Project) -> Iterator[Runner]:
    runner = Runner(project)
    yield runner
    runner.store.close()


def runs_with(run: Runner, tag: str) -> list[str]:
    return [one.execution.id for one in find_runs(run.store, Wanted(tags=(tag,)), limit=9).found]


def test_the_value_the_job_and_the_run_have_their_tags(run: Runner) -> None:
    value, execution = run(main(1), tags=[("team", "a")])
    assert value == [{"score": 1}, 1]
    assert run.tags("value") == ["quality=checked", "quality=good"]
    assert run.tags("job") == ["kind=model", "seed=1"]
    assert run.tags("execution") == ["campaign=spring", "team=a"]
    [tagged] = {tag.target for tag in tags_named(run.store) if tag.kind == "value"}
    [(preview,)] = run.store.ask(
        "MATCH (v:Value {value_hash: $key}) RETURN v.preview", {"key": tagged}, timeout=20, limit=2
    ).rows
    assert preview == "{'score': 1}"
    jobs = find_jobs(run.store, Wanted(tags=("seed=1",)), limit=9).found
    assert [job.task for job in jobs] == ["applying.model"]
    assert runs_with(run, "campaign=spring") == [execution]
    assert verify(run.project, run.store).findings == []


def test_a_tag_s_value_that_is_no_text_is_json(run: Runner) -> None:
    tags = [("n", 1), ("on", True), ("nothing", None), ("table", {"b": [2.5], "a": "ä"})]
    written = ["n=1", "nothing=null", "on=true", 'table={"a": "ä", "b": [2.5]}']
    run(apply_tags(score(1), tags, {"n": [1, "1", 2]}, execution_tags=["n=1"]), tags=tags)
    assert run.tags("value") == written
    assert run.tags("execution") == written
    assert run.tags("job") == ["n=1", "n=2"]
    run(score.options(tags={"on": False})(2))
    assert run.tags("job") == ["n=1", "n=2", "on=false"]


def test_a_cached_job_was_not_tagged_anew_and_its_value_still_is(run: Runner) -> None:
    run(main(2))
    _, again = run(main(2))
    assert run.tags("value") == ["quality=checked", "quality=good"]
    assert run.tags("job") == ["kind=model", "seed=2"]
    assert run.tags("execution") == ["campaign=spring"]
    assert again not in runs_with(run, "campaign=spring")
    assert verify(run.project, run.store).findings == []


def test_a_job_whose_body_is_known_and_evaluated_again_is_tagged(run: Runner) -> None:
    run(main(3))

    @task(name="score", version="2")
    def other(n: int) -> dict[str, int]:
        return {"score": -n}

    try:
        value, _ = run(main(3))
    finally:
        task(name="score", namespace="applying", version="1")(score.func)
    assert value == [{"score": -3}, 3]
    assert run.tags("job").count("seed=3") == 2
    assert len(run.tags("value")) == 4
    assert run.tags("execution") == ["campaign=spring"] * 2


def test_the_same_tags_again_are_the_same_tags(run: Runner) -> None:
    for _ in range(2):
        run(main(4), cache=False)
    assert run.tags("value") == ["quality=checked", "quality=good"]
    assert verify(run.project, run.store).findings == []


def test_lineage_follows_the_value_and_not_the_tags(run: Runner) -> None:
    run(main(5))
    rows = run.store.ask(
        "MATCH (c:CallNode {task_name: 'applying.model'})-[f:FED_BY {name: 'return'}]->(p:CallNode) "
        "WHERE f.within = c.call_hash RETURN p.task_name",
        {},
        timeout=20,
        limit=10,
    ).rows
    assert [tuple(row) for row in rows] == [("applying.score",)]


def test_in_a_run_s_own_expression_it_tags_the_root_s_job(run: Runner) -> None:
    assert run(apply_tags(7, ["lucky=yes"], ["root=yes"]))[0] == 7
    assert run.tags("value") == ["lucky=yes"]
    assert run.tags("job") == ["root=yes"]


def test_what_is_not_recorded_has_no_tags(run: Runner) -> None:
    assert run(no_prov(main(8)))[0] == [{"score": 8}, 8]
    assert run(main(8), prov=False)[0] == [{"score": 8}, 8]
    assert Scheduler(record=False).run(main(8)) == [{"score": 8}, 8]
    assert run.tags("value") == run.tags("job") == run.tags("execution") == []


def test_a_dry_run_tags_nothing(run: Runner) -> None:
    with pytest.raises(DryRunResult):
        Scheduler(run.project).run(main(9), dryrun=True)
    run(main(9))
    assert Scheduler(run.project).run(main(9), dryrun=True) == [{"score": 9}, 9]
    assert run.tags("execution") == ["campaign=spring"]


@pytest.mark.parametrize("new", [False, True])
def test_a_run_inside_tags_the_execution_that_it_belongs_to(run: Runner, new: bool) -> None:
    _, execution = run(subrun(main(10), "default", new_execution=new))
    assert run.tags("value") == ["quality=checked", "quality=good"]
    tagged = {tag.target for tag in tags_named(run.store) if tag.text == "campaign=spring"}
    assert len(tagged) == 1
    assert (execution in tagged) is not new
    assert verify(run.project, run.store).findings == []


def test_tags_that_are_none_are_refused_where_they_are_written_or_evaluated(run: Runner) -> None:
    with pytest.raises(CallError, match=r"apply_tags\(tags=...\): 'good' is no tag"):
        apply_tags(1, ["good"])
    with pytest.raises(CallError, match="job_tags"):
        run(apply_tags(1, job_tags=[score(1)]))


@task(version="1", cache=False)
def later(n: int) -> Any:
    return apply_tags(score(n), tags={"quality": "late"}, execution_tags=["campaign=late"])


@task(version="1", cache=False)
def twice(n: int) -> Any:
    return seq([model(n), pause(), later(n)])


@task(version="1", cache=False)
def pause() -> int:
    time.sleep(0.2)
    return 0


def test_as_of_a_time_what_was_given_later_is_not_there(run: Runner) -> None:
    began = datetime.now(timezone.utc)
    _, execution = run(twice(21), tags=[("team", "a")])
    assert run.tags("value") == ["quality=checked", "quality=good", "quality=late"]
    assert run.tags("execution") == ["campaign=late", "campaign=spring", "team=a"]
    [(ended,)] = run.store.ask(
        "MATCH (j:Job {task_name: 'applying.pause'}) RETURN j.finished", {}, timeout=20, limit=2
    ).rows
    for moment, of_value, of_run in (
        (began, [], []),
        (ended - timedelta(seconds=0.1), ["quality=checked", "quality=good"], ["campaign=spring", "team=a"]),
        (
            ended + timedelta(seconds=30),
            ["quality=checked", "quality=good", "quality=late"],
            ["campaign=late", "campaign=spring", "team=a"],
        ),
    ):
        then = AsOf(run.store, moment)
        named = tags_named(then)
        assert sorted(tag.text for tag in named if tag.kind == "value") == of_value
        assert sorted(tag.text for tag in named if tag.kind == "execution") == of_run
        assert sorted(tag.text for tag in tags_of(then, [execution])) == of_run
        since = tags_since(then, began - timedelta(days=1))
        assert sorted(tag.text for tag in since if tag.kind == "value") == of_value
        found = executions(then, limit=9)
        assert [sorted(one.execution.tags) for one in found] == ([of_run] if of_run else [])
        assert len(find_runs(then, Wanted(tags=("campaign=late",)), limit=9).found) == (
            "campaign=late" in of_run
        )
    assert verify(run.project, run.store).findings == []


def test_a_tag_that_runs_gave_one_after_the_other_is_there_since_the_first(run: Runner) -> None:
    run(main(31))
    between = datetime.now(timezone.utc)
    run(later(31))
    run(model.options(cache=False)(31))
    run.tags("value")
    then = sorted(tag.text for tag in tags_named(AsOf(run.store, between)) if tag.kind == "value")
    assert then == ["quality=checked", "quality=good"]
    assert verify(run.project, run.store).findings == []


def test_tags_of_values_say_since_when(run: Runner) -> None:
    began = datetime.now(timezone.utc)
    _, execution = run(twice(41))
    ended = datetime.now(timezone.utc)
    run.tags("value")
    [tagged] = {tag.target for tag in tags_named(run.store) if tag.kind == "value"}
    for told in (
        tags_named(run.store),
        tags_of(run.store, [tagged, execution]),
        tags_since(run.store, began - timedelta(days=1)),
    ):
        since = {tag.text: tag.at for tag in told if tag.target == tagged}
        assert since.keys() == {"quality=checked", "quality=good", "quality=late"}
        times = [since["quality=good"], since["quality=late"]]
        assert began <= times[0] < times[1] <= ended  # type: ignore[operator]
    run.store.write([("load_value_tags", {"rows": [[tagged, [["quality=old", 0]]]]})])
    assert {tag.text: tag.at for tag in tags_of(run.store, [tagged])}["quality=old"] is None


def test_a_person_can_take_a_given_tag_away(run: Runner) -> None:
    run(main(12))
    [tagged] = {tag.target for tag in tags_named(run.store) if tag.kind == "value"}
    change = begin_change(run.project, ["hw", "tag", "rm"])
    found = Found("value", tagged, "")
    write_change(
        run.project, remove(change, found, tags_of(run.store, [tagged]), [read_name("quality=good")])
    )
    assert run.tags("value") == ["quality=checked"]
    run(main(12))
    assert run.tags("value") == ["quality=checked"]
    assert verify(run.project, run.store).findings == []


def test_verify_finds_a_tag_that_no_run_gave(run: Runner) -> None:
    run(main(11))
    [tagged] = {tag.target for tag in tags_named(run.store) if tag.kind == "value"}
    run.store.write([("load_value_tags", {"rows": [[tagged, [["quality=best", 5]]]]})])
    [finding] = verify(run.project, run.store).findings
    assert (finding.label, finding.key, finding.what) == ("Value", tagged, "tags")


def test_verify_finds_a_tag_that_is_said_to_be_older_than_it_is(run: Runner) -> None:
    run(main(11))
    [tagged] = {tag.target for tag in tags_named(run.store) if tag.kind == "value"}
    run.store.write([("load_value_tags", {"rows": [[tagged, [["quality=good", 5]]]]})])
    [finding] = verify(run.project, run.store).findings
    assert (finding.label, finding.key, finding.what) == ("Value", tagged, "tags")
    assert "quality=good (1970-01-01" in str(finding.found)
