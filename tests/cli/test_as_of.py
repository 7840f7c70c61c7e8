"""`--as-of`: the commands that read, as the graph was then."""

from __future__ import annotations

import pytest

from .conftest import Shell


def test_runs_are_those_of_then(lab: Shell) -> None:
    runs = lab("log", "--json").json["executions"]
    assert lab("log", "--as-of", "~1", "--json").json["executions"] == runs[1:]
    assert lab("log", "--as-of", runs[-1]["id"][:13], "--json").json["executions"] == runs[-1:]
    assert lab("log", "--as-of", runs[0]["finished"], "--json").json["executions"] == runs
    early = lab("log", "--as-of", "2001-01-01")
    assert (early.code, early.out) == (0, "")
    assert "by then" in early.err


def test_every_reading_command_takes_it(lab: Shell) -> None:
    before = ("--as-of", "2001-01-01")
    assert lab("find", "jobs", "--json", *before).json["found"] == []
    assert lab("query", "runs_by_user", "--json", *before).json["rows"] == []
    assert lab("audit", "--json", *before).json["findings"] == []
    for words in (
        ["trace", "copy.txt"],
        ["impact", "in.txt"],
        ["why", "task:lab.double"],
        ["diff", "-", "~1"],
    ):
        answer = lab(*words, *before)
        assert (answer.code, answer.out) == (2, ""), words
        assert "asked as of 2001-01-01" in answer.err
    now = ("--as-of", "-")
    assert lab("audit", *now).out == lab("audit").out
    assert lab("trace", "copy.txt", *now).out == lab("trace", "copy.txt").out
    assert lab("impact", "in.txt", *now).code == 1
    assert lab("diff", "~1", "~2", *now).code == lab("diff", "~1", "~2").code
    assert lab("why", "task:lab.double", *now).out == lab("why", "task:lab.double").out


def test_a_query_that_does_not_ask_for_the_moment_is_refused(lab: Shell) -> None:
    for words in (["MATCH (e:Execution) RETURN count(e) // $as_of"], ["handle_states"]):
        answer = lab("query", *words, "--as-of", "-")
        assert (answer.code, answer.out) == (2, "")
        assert "it does not ask for $as_of" in answer.err
    assert lab("query", "RETURN $`as_of` IS NULL AS now", "--as-of", "-", "--json").json["rows"] == [[False]]
    assert lab("query", "RETURN $as_of AS at", "--as-of", "-", "--param", "as_of=2001-01-01").code == 2


def test_the_files_of_now_are_not_those_of_then(lab: Shell) -> None:
    answer = lab("impact", "in.txt", "--check", "--as-of", "-")
    assert (answer.code, answer.out) == (2, "")
    assert "--check looks at the files as they are now" in answer.err


@pytest.mark.parametrize(
    ("when", "said"),
    [("yesterday", "no run, and 'yesterday' is no time"), ("copy.txt", "a file. Name a time, or a run")],
)
def test_what_is_no_moment_is_wrong_use(lab: Shell, when: str, said: str) -> None:
    answer = lab("log", "--as-of", when)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
