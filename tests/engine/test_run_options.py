"""What a run is started with: checked before anything is done, and free to have any name in a task's own arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headwater import (
    CallError,
    JobInfo,
    Project,
    Rehearsal,
    Scheduler,
    UsageError,
    apply_func,
    as_task,
    compose,
    create_project,
    eval_,
    get_current_scheduler,
    open_project,
    run,
    starmap,
    task,
)

headwater_namespace = "runoptions"

ran: list[int] = []


@task(cache=False)
def note(x: int) -> int:
    ran.append(x)
    return x


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"tags": None}, TypeError, "a dict, or a list of"),
        ({"tags": "a=b"}, TypeError, "a dict, or a list of"),
        ({"tags": 5}, TypeError, "a dict, or a list of"),
        ({"tags": [("a",)]}, ValueError, "'a' is no tag"),
        ({"tags": [(1, "a")]}, ValueError, "a tag's key is a text"),
        ({"tags": [("a", {1})]}, ValueError, "a tag's value is a text, or something that JSON can write"),
        ({"tags": ["a"]}, ValueError, "'a' is no tag"),
        ({"tags": {"": "b"}}, ValueError, "is no tag"),
        ({"cache": "no"}, TypeError, "cache='no'.: True or False"),
        ({"keep_going": 1}, TypeError, "keep_going=1.: True or False"),
        ({"dryrun": "yes"}, TypeError, "dryrun='yes'.: True or False"),
        ({"prov": None}, TypeError, "prov=None.: True or False"),
        ({"context": [1]}, TypeError, "a dict with texts for keys"),
        ({"context": {1: 2}}, TypeError, "a dict with texts for keys"),
        ({"context": {"a": {"b": note(2)}}}, TypeError, r"note\(2\) is a lazy value"),
        ({"command": "hw run"}, TypeError, "a list of words"),
        ({"command": [1]}, TypeError, "every word has to be a text"),
    ],
)
def test_what_a_run_cannot_be_started_with_is_refused_before_it_begins(
    options: dict[str, Any], error: type[Exception], told: str
) -> None:
    ran.clear()
    told = told.replace(".:", r"\):")
    with pytest.raises(error, match=told):
        run(note(1), **options)
    scheduler = Scheduler(record=False)
    with pytest.raises(error, match=told):
        scheduler.run(note(1), **options)
    assert ran == []


@pytest.mark.parametrize("tags", [{"a": ["b", "c"]}, [("a", "b")], ["a=b"], ()])
def test_tags_of_a_run_are_written_in_several_ways(tags: Any) -> None:
    assert Scheduler(record=False).run(note(1), tags=tags) == 1


def test_a_scheduler_is_for_a_project(tmp_path: Any) -> None:
    with pytest.raises(TypeError, match="a Project is needed"):
        Scheduler(tmp_path)
    with pytest.raises(TypeError, match="a Project is needed"):
        Scheduler({"limits": {"gpu": 2}}, record=False)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Scheduler\(…, record='no'\): True or False is needed"):
        Scheduler(record="no")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Rehearsal\(.*\): a Project is needed"):
        Rehearsal(tmp_path)


@task
def takes_any(a: int, /, **names: Any) -> Any:
    return a, names


@task
def takes_these(a: int, *, self: Any, task: Any = 0, args: Any = 0, kwargs: Any = 0) -> Any:
    return a, {"self": self, "task": task, "args": args, "kwargs": kwargs}


def names_of(**names: Any) -> dict[str, Any]:
    return names


def test_arguments_may_have_the_names_that_the_engine_uses_itself() -> None:
    names = {"self": 1, "task": 2, "args": 3, "kwargs": 4}
    scheduler = Scheduler(record=False)
    for call in (
        takes_these(0, **names),
        takes_any(0, **names),
        takes_any.partial(0, **names)(),
        takes_any.partial(0).partial(self=1)(task=2, args=3, kwargs=4),
        takes_any.options(limits=["x"])(0, **names),
        starmap(takes_these, [{"a": 0, **names}])[0],
        compose(takes_any.partial(0))(**names),
    ):
        assert scheduler.run(call) == (0, names)
    assert scheduler.run([apply_func(names_of, **names), as_task(names_of)(**names)]) == [names, names]
    assert scheduler.run(eval_("self + task", **names)) == 3
    assert scheduler.run(as_task(identity_of)()(**names)) == names


def identity_of() -> Any:
    return names_of


@task
def facts(info: JobInfo = JobInfo()) -> str | None:
    return info.project


def test_a_run_is_in_the_project_that_its_folder_names(local_project: Project, tmp_path: Path) -> None:
    project = local_project
    assert run(facts(), config_dir=tmp_path) == str(project.folder)
    assert run(facts(), config_dir=str(tmp_path / ".headwater")) == str(project.folder)
    for folder in (tmp_path / "nowhere", tmp_path / "nowhere" / ".headwater"):
        with pytest.raises(UsageError, match="is not a headwater project"):
            run(facts(), config_dir=folder)


def test_what_the_engine_fills_in_itself_is_not_shown_where_a_call_does_not_fit() -> None:
    @task
    def look(n: int, info: JobInfo = JobInfo()) -> int:
        return n

    with pytest.raises(CallError, match=r"look\(n: 'int'\) -> 'int': missing a required argument: 'n'"):
        look()  # type: ignore[call-arg]


def test_what_the_engine_fills_in_itself_cannot_be_given() -> None:
    """It does not count in the cache's key: two calls that differ in it would be one."""

    @task
    def look(n: int, info: Any = JobInfo()) -> Any:
        return info

    for call in (lambda: look(1, 2), lambda: look(1, info=2), lambda: look.partial(info=2)(1)):
        with pytest.raises(
            CallError, match=r"look\(n: 'int'\) -> 'Any': 'info' is filled in when the job runs"
        ):
            call()
    assert isinstance(Scheduler(record=False).run(look(1, JobInfo(job_id="mine"))), JobInfo)


def test_how_far_a_run_is_can_be_read_at_a_console() -> None:
    scheduler = Scheduler(record=False)
    scheduler.run(note(1))
    assert repr(scheduler.progress()) == (
        "Progress({'runoptions.note': {'DONE': 1}}, finished=True, limits={})"
    )


def test_a_scheduler_says_whether_it_runs() -> None:
    scheduler = Scheduler(record=False)
    seen: list[bool] = []

    @task
    def look(n: int) -> int:
        seen.append(scheduler.is_running)
        return 1 // n

    assert not scheduler.is_running
    scheduler.run(look(1))
    with pytest.raises(ZeroDivisionError):
        scheduler.run(look(0))
    assert seen == [True, True]
    assert not scheduler.is_running
    assert get_current_scheduler(required=False) is None


def test_a_project_is_named_by_a_path_or_a_text(tmp_path: Path) -> None:
    made = create_project(str(tmp_path / "lab"))
    assert open_project(f"{tmp_path}/lab/.headwater").root == made.root == tmp_path / "lab"
    with pytest.raises(UsageError, match="is not a headwater project"):
        open_project(str(tmp_path))
