"""Where two runs, calls, tasks, values or files differ, and that equal ones do not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from headwater.cypher.as_of import AsOf
from headwater.cypher.backlog import catch_up
from headwater.cypher.errors import UsageError
from headwater.cypher.project import Project
from headwater.cypher.records import CallMade
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.diff import diff
from headwater.lineage.diff_views import Diff
from headwater.lineage.resolve import Found

from tests.contract.test_as_of import GATED
from tests.lineage.lab import Lab
from tests.lineage.test_why import COPIES, SQUARES
from tests.runs import MadeUpRun


@pytest.fixture
def lab(project: Project) -> Iterator[Lab]:
    store = open_store(project)
    yield Lab(project, store)
    store.close()


def of(store: GraphStore, kind: str, before: str, after: str) -> Diff:
    return diff(store, Found(kind, before, "a"), Found(kind, after, "b"))


def paths(found: Diff) -> dict[str, str]:
    return {change.path.replace("lab.", ""): change.change for change in found.calls}


def test_a_run_that_reuses_another_has_equal_calls(lab: Lab) -> None:
    first, second = lab.run(SQUARES), lab.run(SQUARES)
    assert not of(lab.store, "execution", first, first)
    found = of(lab.store, "execution", first, second)
    assert (found.facts, found.code, found.calls, found.equal_calls) == ([], [], [], 1)


def test_a_changed_constant_is_followed_from_the_root_to_the_call(lab: Lab) -> None:
    first = lab.run(SQUARES)
    second = lab.run(SQUARES.replace("LIMIT = 10", "LIMIT = 3"))
    found = of(lab.store, "execution", first, second)
    # The hash of a call covers its code, so each square is another call, though two of them gave the same.
    assert paths(found) == {
        "main": "changed",
        "main/total": "changed",
        "main/square[0]": "changed",
        "main/square[1]": "changed",
        "main/square[2]": "changed",
    }
    by_path = {change.path.replace("lab.", ""): change for change in found.calls}
    last = by_path["main/square[2]"]
    assert (last.code, last.arguments, last.below) == (True, [], False)
    assert last.result is not None
    assert (last.result.before_preview, last.result.after_preview) == ("4", "3")
    assert by_path["main/square[0]"].result is None
    assert [one.name for one in by_path["main/total"].arguments] == ["xs"]
    assert by_path["main"].below
    [code] = found.code
    assert [part.kind for part in code.parts] == ["constant"]


def test_calls_that_only_one_run_made_are_told(lab: Lab) -> None:
    first, second = lab.run(SQUARES), lab.run(SQUARES, "main(4)")
    assert paths(of(lab.store, "execution", first, second)) == {
        "main": "changed",
        "main/total": "changed",
        "main/square[3]": "added",
    }
    back = of(lab.store, "execution", second, first)
    assert paths(back) == {"main": "changed", "main/total": "changed", "main/square[3]": "removed"}
    assert back.equal_calls == 3


def test_circumstances_of_runs_and_jobs_are_compared(lab: Lab) -> None:
    first = lab.run(SQUARES)
    second = lab.run(SQUARES.replace("return sum(xs, start)", "raise ValueError(start)"), fails=True)
    found = of(lab.store, "execution", first, second)
    facts = {fact.name: (fact.before, fact.after) for fact in found.facts}
    assert facts["status"] == ("DONE", "FAILED")
    assert facts["error"][0] is None
    jobs = [lab.jobs(run, "total")[0] for run in (first, second)]
    assert {"status", "error"} <= {fact.name for fact in of(lab.store, "job", *jobs).facts}
    assert [change.task for change in of(lab.store, "job", *jobs).calls] == ["lab.total"]


def test_versions_of_a_task_values_and_files_are_compared_with_their_like(lab: Lab) -> None:
    path = lab.folder / "in.txt"
    for text in "one", "three":
        path.write_text(text)
        lab.run(COPIES, f"main({str(path)!r})")
    files = [row[0] for row in lab.ask("MATCH (f:File) RETURN f.file_hash ORDER BY f.size")]
    assert {fact.name for fact in of(lab.store, "file", *files).facts} == {"digest", "size"}
    assert not of(lab.store, "file", files[0], files[0])
    lab.run(SQUARES)
    lab.run(SQUARES.replace("LIMIT = 10", "LIMIT = 3"))
    lists = [
        row[0]
        for row in lab.ask(
            "MATCH (v:Value) WHERE v.preview STARTS WITH '[0' RETURN v.value_hash ORDER BY v.preview"
        )
    ]
    found = of(lab.store, "value", *lists)
    assert found.value is not None
    assert [one.path for one in found.value.differences] == ["[2]"]
    tasks = [row[0] for row in lab.ask("MATCH (t:Task {fullname: 'lab.square'}) RETURN t.task_hash")]
    [code] = of(lab.store, "task", *tasks).code
    [part] = code.parts
    assert {line for line in part.source_diff or () if "LIMIT" in line} in (
        {"-LIMIT = 10", "+LIMIT = 3"},
        {"-LIMIT = 3", "+LIMIT = 10"},
    )
    assert not of(lab.store, "task", tasks[0], tasks[0])
    with pytest.raises(UsageError, match="cannot be compared"):
        diff(lab.store, Found("task", tasks[0], "a"), Found("file", files[0], "b"))


def test_the_json_has_one_shape(lab: Lab) -> None:
    first, second = lab.run(SQUARES), lab.run(SQUARES, "main(4)")
    shape = json.loads(json.dumps(of(lab.store, "execution", first, second).to_dict()))
    assert list(shape) == [
        "differ",
        "before",
        "after",
        "facts",
        "code",
        "calls",
        "value",
        "equal_calls",
        "unfinished",
    ]
    assert shape["differ"] is True
    assert shape == json.loads(json.dumps(of(lab.store, "execution", first, second).to_dict()))


def test_no_call_that_only_one_of_two_made_up_runs_has_is_passed_over(project: Project) -> None:
    runs = [MadeUpRun(seed, calls=60) for seed in (1, 2)]
    for run in runs:
        run.write(project)
    store = open_store(project)
    assert catch_up(project).complete
    roots = [store.rows("trace_execution", id=run.id)[0][1] for run in runs]
    trees = [below(run, root) for run, root in zip(runs, roots, strict=True)]
    found = diff(store, Found("call", roots[0], "a"), Found("call", roots[1], "b"))
    # What was only added or removed as a whole stands for all that is below it.
    for side, (mine, other) in enumerate((trees, trees[::-1])):
        named = {(change.before, change.after)[side] for change in found.calls}
        whole = {(change.before, change.after)[side] for change in found.calls if change.change != "changed"}
        covered = {call for one in whole if one for call in below(runs[side], one)}
        assert mine - other <= named | covered
    assert not diff(store, Found("call", roots[0], "a"), Found("call", roots[0], "b"))
    store.close()


def below(run: MadeUpRun, root: str) -> set[str]:
    children = {
        record.call_hash.hex(): [child.hex() for child in record.children]
        for record in run.records
        if isinstance(record, CallMade)
    }
    found, pending = set(), [root]
    while pending:
        call = pending.pop()
        if call not in found:
            found.add(call)
            pending += children.get(call, [])
    return found


def test_runs_that_came_to_no_result_are_compared_as_far_as_they_came(lab: Lab) -> None:
    source = lab.folder / "in.txt"
    folders = [lab.folder / name for name in ("one", "two")]
    threads: list[threading.Thread] = []
    runs: list[str] = []
    try:
        for folder in folders:
            folder.mkdir()
            source.write_text(folder.name * len(threads))
            call = f"main({str(source)!r}, {str(folder)!r})"
            threads.append(threading.Thread(target=lab.run, args=(GATED, call)))
            threads[-1].start()
            while len(runs) < len(threads):
                catch_up(lab.project, timeout=0.2)
                waiting = (
                    "MATCH (j:Job {task_name: 'lab.wait', status: 'RUNNING'}) RETURN j.execution_id AS e"
                )
                runs += [row[0] for row in lab.ask(waiting) if row[0] not in runs]
        found = of(lab.store, "execution", *runs)
        itself = of(lab.store, "execution", runs[0], runs[0])
        past = AsOf(lab.store, datetime.now(timezone.utc))
    finally:
        for folder in folders:
            (folder / "go").touch()
        for thread in threads:
            thread.join()
    assert found.unfinished == ["a", "b"]
    assert paths(found) == {
        "main": "unfinished",
        "main/count": "changed",
        "main/wait": "unfinished",
    }
    main, count, wait = found.calls
    assert (main.called_alike, main.code, main.ended) == (False, False, ("RUNNING", "RUNNING"))
    assert [file.path for file in count.arguments[0].files] == [str(source)]
    assert (wait.before, wait.after, wait.called_alike) == (None, None, False)
    assert not itself
    assert itself.unfinished == ["a", "b"]
    assert paths(of(past, "execution", *runs)) == paths(found)
    ended = of(lab.store, "execution", *runs)
    assert ended.unfinished == []
    assert paths(ended)["main/wait"] == "changed"
    job = lab.jobs(runs[0], "wait")[0]
    assert {change.change for change in of(past, "job", job, lab.jobs(runs[1], "count")[0]).calls} == {
        "unfinished"
    }
