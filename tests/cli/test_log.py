"""`hw log`: what was run, and what is behind an id."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import WORKFLOW, Shell


def runs(lab: Shell) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab("log", "--json").json["executions"]
    return found


def newest(lab: Shell, task: str) -> dict[str, Any]:
    """The view of the newest run of a task."""
    id_ = next(run["id"] for run in runs(lab) if run["task"] == task)
    view: dict[str, Any] = lab("log", id_, "--json").json
    return view


def oldest(lab: Shell) -> dict[str, Any]:
    view: dict[str, Any] = lab("log", runs(lab)[-1]["id"], "--json").json
    return view


def test_runs_are_listed_newest_first(lab: Shell) -> None:
    listed = runs(lab)
    assert [(run["task"], run["status"], run["jobs"]) for run in listed] == [
        ("lab.broken", "FAILED", {"FAILED": 2, "CANCELLED": 1}),
        ("lab.copied_lines", "DONE", {"DONE": 3}),
        ("lab.doubles", "DONE", {"CACHED": 1}),
        ("lab.doubles", "DONE", {"DONE": 5}),
    ]
    assert listed[0]["error"] == "ValueError: 7 is refused"
    assert listed[1]["command"] == "hw run lab.py copied_lines --source in.txt"
    text = lab("log").out.splitlines()
    assert text[0].split() == ["run", "status", "started", "took", "task", "jobs", "command"]
    assert len(text) == 5


def test_the_shape_of_a_listed_run_is_stable(lab: Shell) -> None:
    run = runs(lab)[0]
    assert list(run) == [
        *("id", "status", "command", "user", "host", "project", "directory", "started", "finished"),
        *(
            "headwater_version",
            "python_version",
            "git_commit",
            "git_dirty",
            "error",
            "job",
            "task",
            "tags",
            "jobs",
        ),
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", run["started"])
    assert run["directory"] == str(lab.folder)


def test_the_list_can_be_cut_and_filtered(lab: Shell) -> None:
    assert len(lab("log", "--limit", "2", "--json").json["executions"]) == 2
    failed = lab("log", "--status", "failed", "--json").json["executions"]
    assert [run["task"] for run in failed] == ["lab.broken"]
    assert lab("log", "--status", "RUNNING", "--json").json == {"executions": []}


def test_a_run_shows_its_status_table_and_its_tree_of_jobs(lab: Shell) -> None:
    out = lab("log", oldest(lab)["execution"]["id"]).out
    lines = out.splitlines()
    assert re.match(r"run [0-9a-f-]{36}  DONE$", lines[0])
    assert ["lab.double", "3", "3"] in [line.split() for line in lines]
    tree = [re.sub(r"^[0-9a-f]+ +(\w+) +[\d.]+ m?s  ", r"\1 ", line) for line in lines[-5:]]
    assert tree == [
        f"DONE {call}  – never run with these arguments and this code"
        for call in (
            "lab.doubles(3, 'a')",
            "  lab.double(0)",
            "  lab.double(1)",
            "  lab.double(2)",
            "  lab.total([0, 2, 4])",
        )
    ]


def test_a_run_as_json_has_its_jobs_with_their_parents_and_arguments(lab: Shell) -> None:
    view = oldest(lab)
    assert list(view) == ["kind", "execution", "tasks", "jobs", "arguments", "more_jobs", "tags"]
    assert view["tasks"] == {"lab.double": {"DONE": 3}, "lab.doubles": {"DONE": 1}, "lab.total": {"DONE": 1}}
    root, *others = view["jobs"]
    assert list(root) == [
        *("id", "execution", "parent", "n", "task", "task_hash", "status", "started", "finished", "executor"),
        *("attempt", "reason", "error", "call", "prov_off"),
    ]
    assert (root["n"], root["parent"], root["task"]) == (0, None, "lab.doubles")
    assert {job["parent"] for job in others} == {root["id"]}
    given = [(each["name"], each["position"], each["preview"]) for each in view["arguments"][root["call"]]]
    assert given == [("n", 0, "3"), ("label", 1, "'a'")]


def test_fewer_jobs_can_be_asked_for(lab: Shell) -> None:
    id_ = oldest(lab)["execution"]["id"]
    view = lab("log", id_, "--jobs", "2", "--json").json
    assert (len(view["jobs"]), view["more_jobs"]) == (2, 3)
    assert "and 3 more jobs" in lab("log", id_, "--jobs", "2").out


def test_a_cached_job_says_why(lab: Shell) -> None:
    [job] = newest(lab, "lab.doubles")["jobs"]
    assert job["status"] == "CACHED"
    assert job["reason"]
    assert job["reason"] in lab("log", job["id"]).out


def test_a_job_that_ran_says_why_it_had_to(lab: Shell) -> None:
    root = oldest(lab)["jobs"][0]
    assert root["reason"]
    view = lab("log", root["id"], "--json").json
    more = ["undeclared_writes", "undeclared_reads", "tags", "log"]
    assert list(view) == ["kind", "job", "traceback", "arguments", "result", "children", *more]
    assert view["result"]["preview"] == "6"
    assert sorted(child["task"] for child in view["children"]) == ["lab.double"] * 3 + ["lab.total"]


def test_the_last_run_is_a_dash(lab: Shell) -> None:
    assert lab("log", "-", "--json").json["execution"]["task"] == "lab.broken"


def test_of_a_call_without_a_result_it_is_not_said_that_it_took_nothing(lab: Shell) -> None:
    assert "lab.double(…)" in lab("log", "-").out


def test_a_failed_job_shows_its_error_and_traceback(lab: Shell) -> None:
    jobs = lab("log", "-", "--json").json["jobs"]
    job = next(job for job in jobs if job["task"] == "lab.refuse")
    assert (job["status"], job["error"]) == ("FAILED", "ValueError: 7 is refused")
    out = lab("log", job["id"]).out
    assert "in task lab.refuse(x=7)" in out
    assert "lab.py" in out


def test_a_call_shows_arguments_result_callers_and_the_jobs_that_share_it(lab: Shell) -> None:
    root = oldest(lab)["jobs"][0]
    view = lab("log", root["call"], "--json").json
    assert list(view) == [
        *("kind", "call", "eval_hash", "task", "task_hash", "recorded_at", "cacheable", "failed"),
        *("prov_off", "arguments", "result", "children", "parents", "jobs", "tags"),
    ]
    assert view["kind"] == "call"
    assert (view["task"], view["result"]["preview"], view["cacheable"]) == ("lab.doubles", "6", True)
    assert sorted(job["status"] for job in view["jobs"]) == ["CACHED", "DONE"]
    child = view["children"][0]["call"]
    assert lab("log", child, "--json").json["parents"][0]["call"] == root["call"]
    assert "called by" in lab("log", child).out


def test_a_value_shows_who_returned_and_who_took_it(lab: Shell) -> None:
    root = oldest(lab)["jobs"][0]
    value = lab("log", root["id"], "--json").json["result"]["value"]
    view = lab("log", value, "--json").json
    assert list(view) == [
        *(
            "kind",
            "value",
            "type",
            "codec",
            "size",
            "preview",
            "location",
            "files",
            "returned_by",
            "taken_by",
            "tags",
        ),
    ]
    assert (view["kind"], view["type"], view["preview"]) == ("value", "int", "6")
    assert "lab.doubles" in {call["task"] for call in view["returned_by"]}
    assert "returned by" in lab("log", value).out


def test_a_call_is_found_by_the_hash_of_its_task_and_arguments(lab: Shell) -> None:
    root = oldest(lab)["jobs"][0]
    eval_hash = lab("log", root["call"], "--json").json["eval_hash"]
    assert lab("log", eval_hash[:12], "--json").json["call"] == root["call"]


def test_the_calls_of_a_task_that_are_not_listed_are_counted(hw: Shell) -> None:
    hw.write("lab.py", WORKFLOW)
    assert hw("run", "lab.py", "doubles", "--n", "25").code == 0
    assert "  … and 5 more" in hw("log", "lab.double").out.splitlines()


def test_a_task_is_found_by_its_name_and_shows_its_source_and_calls(lab: Shell) -> None:
    view = lab("log", "lab.double", "--json").json
    assert list(view) == [
        *(
            "kind",
            "task_hash",
            "task",
            "version",
            "source",
            "options",
            "counted",
            "uncounted",
            "versions",
            "calls",
            "tags",
        ),
    ]
    assert "return 2 * x" in view["source"]
    assert [version["calls"] for version in view["versions"]] == [3]
    out = lab("log", "lab.double").out
    assert "    return 2 * x" in out.splitlines()


def test_a_file_is_found_by_its_path_and_shows_who_made_and_took_it(lab: Shell) -> None:
    view = lab("log", "copy.txt", "--json").json
    assert list(view) == [
        *("kind", "file", "path", "evidence", "digest", "size", "contents", "returned_by", "taken_by"),
        "tags",
    ]
    assert view["path"] == str(lab.folder / "copy.txt")
    assert [call["task"] for call in view["returned_by"]] == ["lab.copy"]
    assert [call["task"] for call in view["taken_by"]] == ["lab.lines"]
    assert "made by" in lab("log", "copy.txt").out


@pytest.mark.parametrize("kind", ["execution", "job", "call", "value", "task", "file"])
def test_an_id_of_any_kind_is_found_by_a_unique_prefix(lab: Shell, kind: str) -> None:
    view = oldest(lab)
    root = view["jobs"][0]
    id_ = {
        "execution": lambda: view["execution"]["id"],
        "job": lambda: root["id"],
        "call": lambda: root["call"],
        "value": lambda: lab("log", root["id"], "--json").json["result"]["value"],
        "task": lambda: root["task_hash"],
        "file": lambda: lab("log", "copy.txt", "--json").json["file"],
    }[kind]()
    prefix = id_[:20]
    assert lab("log", prefix, "--json").json["kind"] == kind


def test_an_ambiguous_prefix_lists_its_candidates(lab: Shell) -> None:
    ids = [run["id"] for run in runs(lab)]
    answer = lab("log", ids[0][:6])
    assert answer.code == 2
    listed = [line.split()[0] for line in answer.err.splitlines()[1:]]
    assert len(set(listed)) == len(ids)
    assert all(any(id_.startswith(start) for start in listed) for id_ in ids)


def test_an_unknown_id_is_said_to_be_unknown(lab: Shell) -> None:
    for what in ("ffffffffffffffff", "lab.duoble", "nothing.txt"):
        answer = lab("log", what)
        assert (answer.code, answer.out) == (2, "")
        assert what in answer.err


def test_nothing_run_yet_is_no_error(hw: Shell) -> None:
    hw("init")
    answer = hw("log")
    assert (answer.code, answer.out) == (0, "")
    assert "hw run FILE TASK" in answer.err
    assert hw("log", "--json").json == {"executions": []}
