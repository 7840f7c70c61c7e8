"""Options of calls: which one counts, what is handed down, and values that are lazy."""

from __future__ import annotations

from typing import Any

import pytest

from headwater import CacheScope, CheckValid, JobInfo, Scheduler, TaskDefinitionError, task

headwater_namespace = "options"


@task
def options(info: JobInfo = JobInfo()) -> Any:
    return info.options


@task(cache_scope="CSE")
def narrow(info: JobInfo = JobInfo()) -> Any:
    return info.options


@task
def child() -> Any:
    return [options(), narrow(), narrow.options(cache_scope="NONE")()]


@task
def grandchild() -> Any:
    return child()


@task
def flag(value: Any) -> Any:
    return value


@task
def one() -> int:
    return 1


@task
def fail() -> int:
    raise ValueError("no option")


def test_what_a_call_exports_reaches_every_call_under_it(scheduler: Scheduler) -> None:
    for call in (child, grandchild):
        plain, defined, given = scheduler.run(
            call.export_options(cache_scope="BACKEND", check_valid="shallow")()
        )
        assert plain["cache_scope"] is CacheScope.BACKEND
        assert defined["cache_scope"] is CacheScope.BACKEND  # above the task's own definition
        assert given["cache_scope"] is CacheScope.NONE  # below what is given at the call
        assert plain["check_valid"] is CheckValid.SHALLOW


def test_a_definition_may_export_and_is_overridden_by_what_is_exported_to_it(scheduler: Scheduler) -> None:
    @task(namespace="options", export_options={"check_valid": "shallow"})
    def exporting() -> Any:
        return [options(), child()]

    own, (below, *_) = scheduler.run(exporting())
    assert own["check_valid"] is below["check_valid"] is CheckValid.SHALLOW
    own, (below, *_) = scheduler.run(exporting.export_options(check_valid="full")())
    assert own["check_valid"] is below["check_valid"] is CheckValid.FULL


def test_exports_end_with_the_call_that_exports(scheduler: Scheduler) -> None:
    @task(namespace="options")
    def own(number: int, info: JobInfo = JobInfo()) -> Any:
        return info.options

    @task(namespace="options")
    def above(number: int) -> Any:
        return own(number)

    @task(namespace="options")
    def beside() -> Any:
        return [above.export_options(check_valid="shallow")(1), own(2)]

    below, outside = scheduler.run(beside())
    assert below["check_valid"] is CheckValid.SHALLOW
    assert outside == {}


def test_the_value_of_an_option_may_be_lazy(scheduler: Scheduler) -> None:
    assert scheduler.run(options.options(limits={"gpu": one()})())["limits"] == {"gpu": 1}

    @task(namespace="options", limits={"gpu": one()})
    def defined(info: JobInfo = JobInfo()) -> Any:
        return info.options

    assert scheduler.run(defined())["limits"] == {"gpu": 1}
    assert scheduler.run([defined()])[0]["limits"] == {"gpu": 1}


@pytest.mark.parametrize("scope", ["BACKEND", "backend", CacheScope.BACKEND])
def test_what_says_both_to_reuse_and_not_to_is_refused_where_it_is_written(scope: Any) -> None:
    said = "cache=False keeps a result from later runs, and cache_scope='BACKEND' gives it to them"
    with pytest.raises(TaskDefinitionError, match=said):
        task(namespace="options", cache=False, cache_scope=scope)(options.func)
    with pytest.raises(TaskDefinitionError, match=said):
        options.options(cache_scope=scope, cache=False)
    with pytest.raises(TaskDefinitionError, match=said):
        options.export_options(cache=False, cache_scope=scope)


def test_how_far_to_reuse_may_be_said_beside_whether_to(scheduler: Scheduler) -> None:
    for cache, scope in ((False, "NONE"), (False, "CSE"), (True, "NONE"), (True, "CSE"), (True, "BACKEND")):
        found = scheduler.run(options.options(cache=cache, cache_scope=scope)())
        assert found["cache_scope"] is CacheScope(scope)


def test_whether_to_cache_may_be_lazy(scheduler: Scheduler) -> None:
    @task(namespace="options", cache=flag(False), cache_scope="BACKEND")
    def explicit(info: JobInfo = JobInfo()) -> Any:
        return info.options["cache_scope"]

    @task(namespace="options", cache=flag(False))
    def defined(info: JobInfo = JobInfo()) -> Any:
        return info.options["cache_scope"]

    assert scheduler.run([explicit(), defined()]) == [CacheScope.BACKEND, CacheScope.CSE]
    assert scheduler.run(defined.options(cache=flag(True))()) is CacheScope.BACKEND
    assert scheduler.run(options.options(cache=flag(False))())["cache_scope"] is CacheScope.CSE
    assert scheduler.run(child.export_options(cache=flag(False))())[0]["cache_scope"] is CacheScope.CSE
    for wrong in (3, "NONE"):
        with pytest.raises(TaskDefinitionError, match=f"option cache={wrong!r}: True or False is needed"):
            scheduler.run(options.options(cache=flag(wrong))())
    with pytest.raises(TaskDefinitionError, match="option cache_scope=3: choose one of"):
        scheduler.run(options.options(cache_scope=flag(3))())


def test_where_to_run_may_be_lazy_as_a_mode(scheduler: Scheduler) -> None:
    @task(namespace="options", mode=flag("thread"))
    def placed(info: JobInfo = JobInfo()) -> Any:
        return info.options["executor"]

    assert scheduler.run(placed()) == "default"
    assert scheduler.run(options.options(mode=flag("process"))())["executor"] == "process"
    assert scheduler.run([child.export_options(mode=flag("thread"))()])[0][0]["executor"] == "default"
    for wrong in ("proces", ["process"]):
        with pytest.raises(TaskDefinitionError, match=r"option mode=.*: choose one of 'thread', 'process'"):
            scheduler.run(placed.options(mode=flag(wrong))())
    with pytest.raises(TaskDefinitionError, match="give executor alone"):
        options.options(mode="thread", executor=flag("default"))


def test_what_is_needed_before_anything_is_evaluated_cannot_be_lazy() -> None:
    with pytest.raises(TaskDefinitionError, match=r"option nout=.*the number of items is needed"):
        options.options(nout=one())
    with pytest.raises(TaskDefinitionError, match=r"option prov=.*True or False is needed"):
        options.options(prov=flag(False))


def test_two_calls_that_differ_in_a_lazy_option_are_two_calls(scheduler: Scheduler) -> None:
    @task(namespace="options", cache_scope="NONE")
    def named(info: JobInfo = JobInfo()) -> Any:
        return info.options["limits"]

    calls = [named.options(limits={"a": one()})(), named.options(limits={"b": one()})()]
    assert scheduler.run(calls) == [{"a": 1}, {"b": 1}]


def test_a_lazy_option_that_fails_or_cannot_be_fails_its_call(scheduler: Scheduler) -> None:
    with pytest.raises(ValueError, match="no option"):
        scheduler.run(options.options(limits={"gpu": fail()})())
    with pytest.raises(TaskDefinitionError, match="executor=1"):
        scheduler.run(options.options(executor=one())())


@pytest.mark.parametrize(
    "given",
    [{"limits": 5}, {"limits": [["gpu"]]}, {"limits": True}, {"allowed_cache_results": 3}],
)
def test_a_value_that_cannot_be_is_refused_with_what_can(given: dict[str, Any]) -> None:
    with pytest.raises(TaskDefinitionError, match=r"use a list of names|choose one of"):
        options.options(**given)


def test_unknown_options_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(TaskDefinitionError, match="Did you mean limits"):
        options.export_options(limit=["gpu"])
    with pytest.raises(TaskDefinitionError, match="Did you mean export_options"):
        task(name="bare", namespace="options", export_option={})(lambda: 1)
    with pytest.raises(TaskDefinitionError, match="a dict of options"):
        options.options(export_options=["cache"])


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({"version": 1}, "version=1: a text"),
        ({"source": 5}, "source=5: the text of the function"),
        ({"script": "yes"}, "script='yes': True or False"),
        ({"load_module": 3}, "load_module=3: the name of a module"),
        ({"config_args": "value"}, "config_args='value': a list of names"),
        ({"config_args": None}, "config_args=None: a list of names"),
        ({"hash_includes": "helper"}, "hash_includes='helper': a list"),  # it counted its letters
        ({"hash_includes": flag}, r"hash_includes=Task\(options.flag\): a list"),
        (
            {"hash_includes": (flag for _ in "a")},
            r"hash_includes=<generator .*>: a list of what counts is needed",
        ),
        ({"hash_includes": {"rate": 1}}, "hash_includes={'rate': 1}: a list"),  # it counted its keys
    ],
)
def test_what_a_definition_cannot_be_given_is_refused_where_it_stands(
    given: dict[str, Any], needed: str
) -> None:
    def bare(value: Any) -> Any:
        return value

    with pytest.raises(TaskDefinitionError, match=f"task options.bare: {needed}"):
        task(**given)(bare)


def test_what_belongs_to_a_definition_is_told_so_at_a_call() -> None:
    for name in ("version", "namespace", "hash_includes", "declassifies"):
        with pytest.raises(TaskDefinitionError, match=rf"{name} is no option of a call.*@task\({name}=…\)"):
            flag.options(**{name: "1"})
