"""`hw query`: Cypher in, rows out, nothing written."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import time
from typing import Any

import pytest
from headwater.cypher.project import open_project

from tests.conftest import server_of
from tests.waiting import wait_for

from .conftest import HW, Shell, environment

TASKS = "MATCH (t:Task) RETURN t.fullname AS task, t.name AS name ORDER BY task"


def test_rows_are_a_table(lab: Shell) -> None:
    answer = lab("query", TASKS)
    assert answer.code == 0
    lines = [line.split() for line in answer.out.splitlines()]
    assert lines[:2] == [["task", "name"], ["lab.broken", "broken"]]
    assert f"({len(lines) - 1} rows)" in answer.err


def test_rows_are_json_of_a_stable_shape(lab: Shell) -> None:
    query = (
        "MATCH (v:Value) WHERE v.preview = '6' RETURN v.preview AS shown, v.size > 0 AS sized, [1, 2] AS list"
    )
    expected = {"columns": ["shown", "sized", "list"], "rows": [["6", True, [1, 2]]], "truncated": False}
    assert lab("query", query, "--json").json == expected
    assert lab("query", query, "--format", "json").json == expected


def test_rows_are_csv(lab: Shell) -> None:
    out = lab("query", TASKS, "--format", "csv").out
    assert list(csv.reader(io.StringIO(out)))[:2] == [["task", "name"], ["lab.broken", "broken"]]


def test_nodes_and_times_are_shown_as_what_they_hold(lab: Shell) -> None:
    [[node, moment]] = lab(
        "query",
        "MATCH (t:Task {fullname: 'lab.double'}) MATCH (e:Execution) RETURN t, e.started LIMIT 1",
        "--json",
    ).json["rows"]
    assert node["fullname"] == "lab.double"
    assert moment.endswith("Z")


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("x=5", 5),
        ("x=-1.5", -1.5),
        ("x=true", True),
        ("x=text", "text"),
        ('x="5"', "5"),
        ("x=[1,2]", [1, 2]),
        ("x=a=b", "a=b"),
        ("x=12e45678", "12e45678"),
        ("x=1e5", "1e5"),
        ("x=007", "007"),
        ("x=NaN", "NaN"),
    ],
)
def test_parameters_are_json_or_else_text(lab: Shell, param: str, value: object) -> None:
    assert lab("query", "RETURN $x AS x", "--param", param, "--json").json["rows"] == [[value]]


def test_the_query_may_come_from_standard_input(lab: Shell) -> None:
    assert lab("query", "-", "--json", stdin="RETURN 1 AS one").json["rows"] == [[1]]


def test_rows_over_the_limit_are_left_out_and_said_to_be(lab: Shell) -> None:
    answer = lab("query", "UNWIND range(1, 10) AS n RETURN n", "--limit", "3", "--json")
    assert answer.json == {"columns": ["n"], "rows": [[1], [2], [3]], "truncated": True}
    assert "--limit" in answer.err


@pytest.mark.parametrize(
    "query",
    [
        "CREATE (n:Value) RETURN n",
        "MATCH (n) DETACH DELETE n",
        "MATCH (n) SET n.x = 1",
        "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
        "SHOW USERS",
        "CALL dbms.listConfig()",
    ],
)
def test_what_writes_loads_or_administers_is_refused(lab: Shell, query: str) -> None:
    answer = lab("query", query)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")


def test_a_query_that_does_not_parse_is_wrong_use(lab: Shell) -> None:
    answer = lab("query", "MATCH (n RETURN n")
    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_control_characters_in_values_do_not_reach_the_terminal(lab: Shell) -> None:
    answer = lab("query", "RETURN $text AS text", "--param", r'text="\u001b[31mred"')
    assert "\x1b" not in answer.out
    assert r"\x1b[31mred" in answer.out


@pytest.mark.parametrize("begin", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_cell_of_csv_is_no_formula_and_one_line(lab: Shell, begin: str) -> None:
    text = begin + "\x1b[31m\u202e\ncmd"
    query = "RETURN $text AS `=text`, -5 AS number, [1] AS list"
    answer = lab("query", query, "--param", f"text={json.dumps(text)}", "--format", "csv")
    head, row = answer.out.splitlines()
    assert head == "'=text,number,list"
    assert row.startswith("'" + begin.encode("unicode_escape").decode())
    assert row.endswith(r"\x1b[31m\u202e\ncmd,-5,[1]")


def test_json_holds_nothing_that_turns_text_around_and_says_the_same(lab: Shell) -> None:
    text = "\x1b[31m\x9b2J\u202e\u2066\x7f é 😀 \u2028"
    answer = lab("query", "RETURN $text AS text", "--param", f"text={json.dumps(text)}", "--json")
    assert answer.json["rows"] == [[text]]
    assert "é 😀" in answer.out
    assert all(char.isprintable() or char == "\n" for char in answer.out)


def test_names_in_errors_are_inert(lab: Shell) -> None:
    for words in (
        ["log", "a\x1b[2Jb\u202e"],
        ["impact", "./a\x1b[2Jb\n\u202e"],
        ["why", "\x1b]0;x\x07"],
        ["\x1b[2J"],
    ):
        answer = lab(*words)
        assert (answer.code, answer.out) == (2, "")
        assert "\\x1b" in answer.err
        assert all(char.isprintable() or char == "\n" for char in answer.err)


def test_without_rows_the_columns_are_shown_all_the_same(lab: Shell) -> None:
    query = "MATCH (t:Task {name: 'nobody'}) RETURN t.name AS name, t.version"
    answer = lab("query", query)
    assert (answer.code, answer.out.split(), answer.err) == (0, ["name", "t.version"], "(0 rows)\n")
    assert lab("query", query, "--json").json == {
        "columns": ["name", "t.version"],
        "rows": [],
        "truncated": False,
    }
    assert lab("query", query, "--format", "csv").out == "name,t.version\n"
    assert lab("query", "MATCH (t:Task {name: 'nobody'}) RETURN *").code == 0


def test_what_json_has_no_form_for_is_null(lab: Shell) -> None:
    assert lab("query", "RETURN 0.0 / 0.0 AS a, [1.0 / 0.0] AS b", "--json").json["rows"] == [[None, [None]]]


def test_in_a_pipe_nothing_is_cut(lab: Shell) -> None:
    long = "x" * 500
    assert long in lab("query", "RETURN $a AS a, $a AS b", "--param", f"a={long}").out
    params = ["--param", f"a={long}", "--param", f"p=/a/b/{long}/end.csv"]
    cut = lab("query", "RETURN $a AS a, $p AS path, 1 AS c", *params, COLUMNS="60")
    lines = cut.out.splitlines()
    assert max(map(len, lines)) <= 60
    assert "x…  …x" in lines[1]
    assert lines[1].endswith("/end.csv  1")


def test_ctrl_c_ends_the_query_and_leaves_at_once(lab: Shell) -> None:
    assert lab("store", "start").code == 0
    slow = (
        "UNWIND range(1, 100000) AS a UNWIND range(1, 1000000) AS b WITH a, b WHERE a * b < 0 RETURN count(*)"
    )
    process = subprocess.Popen(
        [HW, "query", slow], cwd=lab.folder, env=environment(), stderr=subprocess.PIPE, text=True
    )
    server = server_of(open_project(lab.folder))

    def running() -> list[dict[str, Any]]:
        return [
            row for row in server.run("SHOW TRANSACTIONS YIELD currentQuery") if slow in row["currentQuery"]
        ]

    wait_for(running)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "stopped\n")
    assert time.monotonic() - began < 60
    wait_for(lambda: not running())


@pytest.fixture
def named(lab: Shell) -> Shell:
    folder = lab.folder / ".headwater" / "queries"
    folder.mkdir(exist_ok=True)
    (folder / "versions.cypher").write_text(
        "// How many versions of a task there are.\n// Parameters: $task.\n"
        "MATCH (t:Task {fullname: $task}) RETURN count(t) AS versions\n"
    )
    (folder / "wipe.cypher").write_text("MATCH (n) DETACH DELETE n")
    return lab


def test_a_query_of_the_projects_own_is_run_by_its_name(named: Shell) -> None:
    answer = named("query", "versions", "--param", "task=lab.double", "--json")
    assert answer.json["rows"] == [[1]]


def test_the_queries_that_have_names_are_listed_with_what_they_ask(named: Shell) -> None:
    listed = {one.pop("name"): one for one in named("query", "--list", "--json").json["queries"]}
    assert listed["versions"] == {
        "about": "How many versions of a task there are.",
        "parameters": "$task",
        "of": "project",
    }
    assert listed["wipe"] == {"about": "", "parameters": "", "of": "project"}
    assert listed["calls_of_task"]["of"] == "headwater"
    assert listed["calls_of_task"]["parameters"] == "$task (its full name)"
    assert listed["failed_jobs"]["parameters"] == "none"
    assert "How many versions" in named("query", "--list").out


def test_a_query_that_comes_with_headwater_is_run_by_its_name_unless_the_project_has_one(
    named: Shell,
) -> None:
    assert named("query", "calls_of_task", "--param", "task=lab.double", "--json").json["rows"]
    own = named.folder / ".headwater" / "queries" / "calls_of_task.cypher"
    own.write_text("RETURN 'mine' AS whose")
    try:
        assert named("query", "calls_of_task", "--json").json["rows"] == [["mine"]]
    finally:
        own.unlink()
    answer = named("query", "calls_of_task")
    assert (answer.code, answer.out) == (2, "")
    assert "task" in answer.err


def test_an_answer_may_be_a_graph(lab: Shell) -> None:
    text = "MATCH p = (:CallNode {task_name: 'lab.double'})-[:OF]->(:Task) RETURN p LIMIT 1"
    drawn = lab("query", text, "--format", "graph").json
    assert [node["labels"] for node in drawn["nodes"]] == [["CallNode"], ["Task"]]
    [edge] = drawn["edges"]
    assert (edge["type"], edge["properties"]) == ("OF", {})
    assert [edge["source"], edge["target"]] == [node["id"] for node in drawn["nodes"]]
    assert drawn["truncated"] is False


def test_how_a_query_would_be_run_is_shown_without_running_it(lab: Shell) -> None:
    text = "MATCH (t:Task {fullname: $name}) RETURN t.task_hash"
    plan = lab("query", text, "--explain", "--json").json["plan"]
    assert set(plan) == {"operator", "details", "rows", "steps"}
    shown = lab("query", text, "--explain")
    assert shown.code == 0
    assert plan["operator"] in shown.out
    assert lab("query", "MATCH (n) DELETE n", "--explain").code == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [("version", "Did you mean versions?"), ("elsewhere", "hw query --list"), ("wipe", "refused")],
)
def test_a_name_that_is_none_and_a_named_query_that_writes_are_refused(
    named: Shell, name: str, said: str
) -> None:
    answer = named("query", name)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
