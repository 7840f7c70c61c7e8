"""`hw trace`: where a result came from, as text, JSON and a graph."""

from __future__ import annotations

import os
import re
from xml.etree import ElementTree

import pytest

from .conftest import Shell


def lines(lab: Shell, *words: str) -> list[str]:
    """The tree of a trace, without the ids at the ends of its lines."""
    out = lab("trace", *words).out
    return [line.rsplit("  ", 1)[0] for line in out.partition("\n\n")[0].splitlines()]


def run_of(lab: Shell, task: str) -> str:
    runs = lab("log", "--json").json["executions"]
    return str(next(run["id"] for run in runs if run["task"] == task))


def test_a_run_is_traced_to_the_calls_that_fed_each_argument(lab: Shell) -> None:
    assert lines(lab, run_of(lab, "lab.doubles")) == [
        "lab.doubles(3, 'a') → 6",
        "└─ result: lab.total([0, 2, 4]) → 6",
        "   ├─ values: lab.double(0) → 0",
        "   ├─ values: lab.double(1) → 2",
        "   └─ values: lab.double(2) → 4",
    ]


def test_a_file_is_traced_by_its_path_to_the_files_from_outside(lab: Shell) -> None:
    assert lines(lab, "copy.txt") == [
        f"file {lab.folder}/copy.txt",
        "└─ made by: lab.copy(File('in.txt'), 'copy.txt') → File('copy.txt')",
        f"   ├─ source: file {lab.folder}/in.txt",
        "   └─ given by: lab.copied_lines(File('in.txt'), 'copy.txt')",
        f"      └─ source: file {lab.folder}/in.txt",
    ]
    out = lab("trace", "copy.txt", COLUMNS="300").out
    assert "files from outside" in out
    assert f"{lab.folder}/in.txt" in out.split("files from outside")[1]
    assert "lab.copied_lines" in out.split("\ncode\n")[1]


def test_a_file_that_nothing_made_came_from_outside(lab: Shell) -> None:
    answer = lab("trace", "in.txt")
    assert answer.code == 0
    assert "(from outside)" in answer.out
    assert "no recorded call made it" in answer.out


def test_a_trace_as_json_has_a_stable_shape(lab: Shell) -> None:
    found = lab("trace", run_of(lab, "lab.copied_lines"), "--json").json
    assert list(found) == [
        "kind",
        "id",
        "start",
        "calls",
        "files",
        "tasks",
        "sources",
        "gaps",
        "more_makers",
        "now",
        "datasets",
        "handles",
    ]
    assert found["kind"] == "execution"
    assert list(found["calls"][0]) == [
        *("id", "call", "parent", "task", "task_hash", "failed", "value", "type", "preview", "arguments"),
        *("returned_by", "named", "given_by", "used", "cut_off"),
    ]
    assert list(found["calls"][0]["arguments"][0]) == [
        *("name", "position", "value", "type", "size", "preview", "files", "fed_by", "from_parent"),
    ]
    assert list(found["files"][0]) == ["file", "path", "evidence", "digest", "size", "made_by"]
    assert {task["task"] for task in found["tasks"]} == {"lab.copied_lines", "lab.copy", "lab.lines"}
    [source] = found["sources"]
    assert {file["path"] for file in found["files"] if file["file"] == source} == {f"{lab.folder}/in.txt"}


def test_a_failed_run_is_traced_to_the_call_that_failed(lab: Shell) -> None:
    assert "lab.broken(7)" in lines(lab, "-")[0]
    assert "(failed)" in lab("trace", "-").out


def test_a_trace_can_be_drawn(lab: Shell) -> None:
    out = lab("trace", "copy.txt", "--dot").out
    assert out.startswith("digraph trace {")
    assert out.endswith("}\n")
    assert "lab.copy" in out
    assert "->" in out


def test_a_trace_can_be_cut_to_a_depth(lab: Shell) -> None:
    assert len(lines(lab, run_of(lab, "lab.doubles"), "--depth", "1")) < 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lab.double"], "lab.double is a task"),
        (["nowhere.txt"], "nowhere.txt"),
        (["copy.txt", "--json", "--dot"], "--json and --dot exclude each other"),
    ],
)
def test_what_has_no_trace_is_refused_with_what_to_do(lab: Shell, words: list[str], said: str) -> None:
    answer = lab("trace", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_trace_reads_as_a_derivation(lab: Shell) -> None:
    out = lab("trace", run_of(lab, "lab.doubles"), "--derivation").out
    assert re.sub(r"\b[0-9a-f]{8}\b", "ID", out).splitlines() == [
        "6 <-- lab.doubles(n=3, label='a')  ID <-- lab.total(values=…)  ID",
        *(f"  values = [0, 2, 4] <-- lab.double(x={x})  ID" for x in range(3)),
    ]
    out = lab("trace", "copy.txt", "--derivation").out
    assert "copy.txt <-- lab.copy(source=…, target='copy.txt')" in out
    assert "source = File('in.txt') <-- origin" in out


@pytest.mark.parametrize(
    ("flag", "key", "names"),
    [
        ("--files", "files", ["in.txt"]),
        ("--code", "code", ["lab.copy", "lab.copied_lines", "lab.lines"]),
        ("--people", "people", []),
    ],
)
def test_one_kind_of_origin_can_be_asked_for(lab: Shell, flag: str, key: str, names: list[str]) -> None:
    run = run_of(lab, "lab.copied_lines")
    out = lab("trace", run, flag, COLUMNS="300").out
    assert all(name in out for name in names)
    found = lab("trace", run, flag, "--json").json
    assert list(found) == ["kind", "id", "now", key]
    assert len(found[key]) == max(len(names), 1)
    assert all(isinstance(one, dict) for one in found[key])


def test_a_task_stands_for_its_last_call(lab: Shell) -> None:
    assert lines(lab, "task:lab.total")[0] == "lab.total([0, 2, 4]) → 6"
    assert "Did you mean lab.total" in lab("trace", "task:lab.totl").err


def test_a_file_that_is_no_longer_what_was_recorded_is_said_to_be_so(lab: Shell) -> None:
    path = lab.folder / "copy.txt"
    known = path.stat()
    before = path.read_text()
    try:
        path.write_text("something else")
        changed = lab("trace", "copy.txt")
        assert "is not what was recorded (now it is 14 B" in changed.err
        for kind in ([], ["--files"]):
            now = lab("trace", "copy.txt", "--json", *kind).json["now"]
            assert (now["evidence"], now["size"]) == ("stat", 14)
        for words in (["log"], ["tag", "list"], ["diff", "in.txt"]):  # and whoever else asks for a path
            assert "is not what was recorded (now it is 14 B" in lab(*words, "copy.txt").err
        assert lab("impact", "copy.txt").err == ""  # of all that was ever recorded there
        path.unlink()
        assert "no file is there now" in lab("trace", "copy.txt").err
    finally:
        path.write_text(before)
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert lab("trace", "copy.txt").err == ""
    assert lines(lab, "copy.txt")[0] == changed.out.splitlines()[0].rsplit("  ", 1)[0]


def test_a_value_may_be_written_as_a_literal(lab: Shell) -> None:
    answer = lab("trace", "value:6", "--json").json
    assert answer["kind"] == "value"
    made = {call["preview"] for call in answer["calls"] if call["id"] in answer["start"]}
    assert made == {"6"}
    assert lab("log", "value: 6").out == lab("log", answer["id"]).out


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("value:6.0", "no float equal to 6.0 was recorded"),
        ("value:", "is no Python literal"),
        ("value:__import__('os')", "is no Python literal"),
        ("value:[1", "is no Python literal"),
        ("value:" + "(" * 300, "is no Python literal"),
    ],
)
def test_a_literal_that_is_none_or_not_recorded_is_wrong_use(lab: Shell, what: str, said: str) -> None:
    answer = lab("trace", what)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_trace_is_drawn_as_a_picture(lab: Shell) -> None:
    answer = lab("trace", "copy.txt", "--svg")
    assert answer.code == 0
    texts = [
        text.text for text in ElementTree.fromstring(answer.out).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert "lab.copy" in texts
    assert lab("trace", "copy.txt", "--svg", "--dot").code == 2


def test_a_trace_is_drawn_as_a_flowchart(lab: Shell) -> None:
    out = lab("trace", "copy.txt", "--mermaid").out
    assert out.startswith("flowchart LR\n")
    assert "lab.copy<br/>" in out
