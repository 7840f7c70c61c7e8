"""Runs inside runs, and calls that are not recorded: on both stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headwater import File, Project, catch, get_context, no_prov, subrun
from tests.contract.conftest import Run, define
from tests.contract.test_prov_off import ask, assert_nowhere, assert_verified, calling, trace_of
from tests.engine import insides


def test_a_run_inside_of_a_run_that_is_not_recorded_is_not_either(run: Run, project: Project) -> None:
    inner = define("inner", "1", lambda n: n)
    outer = define("outer", "1", lambda n: subrun(inner(n), "default"), prov=False)
    assert run(outer(1)) == 1
    assert ask(project, "MATCH (j:Job) RETURN j.id AS id") == []


@pytest.mark.parametrize("new_execution", [False, True])
@pytest.mark.parametrize("executor", ["default", "process"])
def test_a_run_inside_what_is_not_recorded_is_a_part_of_the_gap(
    run: Run, project: Project, executor: str, new_execution: bool, tmp_path: Path
) -> None:
    path, log = tmp_path / "told.txt", tmp_path / "log"
    path.write_text("one")

    def hidden(path: str, log: str) -> Any:
        return subrun(insides.read(File(path), log), executor, new_execution=new_execution)

    outer = define("unseen_outer", "1", hidden, prov=False)
    root = define("above_inside", executor, lambda path, log: [outer(path, log)])
    for text in ("one", "two, longer"):
        path.write_text(text)
        log.unlink(missing_ok=True)
        for _ in range(2):
            assert run(root(str(path), str(log))) == [text]
            assert log.read_text() == "read\n"
    assert run.counts == {"caching.above_inside": {"CACHED": 1}}  # type: ignore[attr-defined]
    assert_nowhere(project, "insides.read", "unseen_outer", "subrun_root_task")
    assert {row[0] for row in ask(project, "MATCH (j:Job) RETURN j.task_name AS task")} == {
        "caching.above_inside"
    }
    assert len(ask(project, "MATCH (e:Execution) RETURN e.id AS id")) == 4
    [(newest,)] = [tuple(row) for row in ask(project, "MATCH (e:Execution) RETURN max(e.id) AS id")]
    found = trace_of(project, newest)
    assert [gap.task for gap in found.gaps] == ["caching.above_inside"]
    assert_verified(project)


def test_a_changed_task_of_a_run_inside_what_is_not_recorded_is_seen(run: Run) -> None:
    def workflow(version: str) -> Any:
        leaf = define("inside_leaf", version, lambda n: n + int(version))
        middle = define("inside_middle", "1", lambda n: [leaf(n)][0])
        outer = define("inside_outer", "1", lambda n: subrun(middle(n), "default"), prov=False)
        return calling("inside_top", outer)

    for version in ("1", "1", "2", "2"):
        assert run(workflow(version)(5)) == 5 + int(version)
    assert run.counts == {"caching.inside_top": {"CACHED": 1}}  # type: ignore[attr-defined]


def test_what_a_run_inside_read_of_the_context_counts_for_the_call_above_the_gap(run: Run) -> None:
    reader = define("inside_reader", "1", lambda n: get_context("rate", 0))
    outer = define("reader_outer", "1", lambda n: subrun(reader(n), "default"), prov=False)
    root = calling("reader_root", outer)
    for rate, other in ((1, 0), (2, 0), (1, 5)):
        assert run(root(1), context={"rate": rate, "other": other}) == rate
    assert run.counts == {"caching.reader_root": {"CACHED": 1}}  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", ["call", "list", "no_prov"])
def test_a_run_inside_of_calls_that_are_not_recorded_keeps_their_gap_and_no_word_of_them(
    run: Run, project: Project, form: str
) -> None:
    def workflow(version: str) -> Any:
        quiet = define(f"inside_quiet_{form}", version, lambda text: len(text) + int(version), prov=False)
        loud = define("inside_loud", "1", lambda n: n)

        def top(n: int) -> Any:
            made = quiet("-".join(["top", "secret"]))
            expr = {"call": made, "list": [made, loud(n)], "no_prov": no_prov(made)}[form]
            return [subrun(expr, "default")]

        return define(f"quiet_top_{form}", "1", top)

    for version in ("1", "1", "2", "2"):
        expected = 10 + int(version)
        assert run(workflow(version)(7)) == ([[expected, 7]] if form == "list" else [expected])
    assert run.counts == {f"caching.quiet_top_{form}": {"CACHED": 1}}  # type: ignore[attr-defined]
    assert_nowhere(project, "inside_quiet", "top-secret")
    assert_verified(project)


def test_an_error_of_a_run_inside_what_is_not_recorded_comes_through(run: Run) -> None:
    outer = define("failing_outer", "1", lambda text: subrun(insides.fail(text), "default"), prov=False)
    with pytest.raises(KeyError, match="lost"):
        run(calling("failing_root", outer)("lost"))
    caught = define("catching_root", "1", lambda text: catch(outer(text), KeyError, insides.texts))
    assert run(caught("lost")) == "KeyError('lost')"
