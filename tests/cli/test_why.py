"""`hw why` and `hw diff`: a workflow is edited and run again, and the commands say what that did."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .conftest import WORKFLOW, Shell, _shell


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """`lab.doubles` was run, run again, run after an edit, and run with another argument."""
    for shell in _shell(tmp_path_factory.mktemp("edited")):
        path = shell.write("lab.py", WORKFLOW)
        for words in (["doubles"], ["doubles"]):
            assert shell("run", "lab.py", *words).code == 0
        path.write_text(WORKFLOW.replace("return 2 * x", "return 2 * x  # \x1b[31m twice"))
        assert shell("run", "lab.py", "doubles").code == 0
        path.write_text(WORKFLOW.replace("return 2 * x", "return 3 * x"))
        assert shell("run", "lab.py", "doubles").code == 0
        assert shell("run", "lab.py", "doubles", "--n", "4").code == 0
        yield shell


def runs(shell: Shell) -> list[str]:
    return [run["id"] for run in shell("log", "--json").json["executions"]]


def test_a_reused_run_names_the_one_that_was_reused(edited: Shell) -> None:
    newest_first = runs(edited)
    answer = edited("why", newest_first[3])
    assert answer.code == 0
    assert f"reused: the result of run {newest_first[4]} was taken" in answer.out


def test_the_cause_is_followed_to_the_edited_line(edited: Shell) -> None:
    total = next(
        job["id"]
        for job in edited("log", runs(edited)[1], "--json").json["jobs"]
        if job["task"] == "lab.total"
    )
    lines = edited("why", total).out.splitlines()
    assert lines[1].strip() == "upstream changed: values came from lab.double, which was evaluated anew"
    assert "because of" in lines
    assert "    +    return 3 * x" in lines
    assert lines[-1] == "root cause: code changed: its source, in lab.double"


def test_runs_that_did_not_call_a_task_are_not_passed_over_in_silence(edited: Shell) -> None:
    first, second = runs(edited)[-1], runs(edited)[-2]
    answer = edited("why", "lab.double", "--as-of", second)
    assert answer.out.splitlines()[0] == f"in run {first}; the run that came later has no job of lab.double"
    assert edited("why", "lab.double", "--as-of", second, "--json").json["later_runs"] == 1
    assert not edited("why", "lab.double").out.startswith("in run")


def test_an_argument_is_named_with_both_values(edited: Shell) -> None:
    assert "argument changed: n: 3 → 4" in edited("why", "-").out


def test_a_task_is_explained_job_by_job_those_that_ran_first(edited: Shell) -> None:
    answer = edited("why", "lab.double", "--limit", "1")
    assert "DONE" in answer.out.splitlines()[0]
    assert "3 more jobs" in answer.out
    found = edited("why", "lab.double", "--json").json
    assert list(found) == ["jobs", "more", "later_runs"]
    assert found["later_runs"] == 0
    assert [list(job) for job in found["jobs"]] == [["job", "reason", "root", "steps"]] * 4
    assert list(found["jobs"][0]["steps"][0]) == [
        *("job", "reason", "because", "recorded", "earlier", "code", "arguments", "files"),
    ]
    assert [job["reason"] for job in found["jobs"]] == ["argument-changed", "reused", "reused", "reused"]


def test_control_characters_in_sources_do_not_reach_the_terminal(edited: Shell) -> None:
    newest_first = runs(edited)
    for out in (
        edited("diff", newest_first[2], newest_first[3]).out,
        edited("diff", newest_first[1], newest_first[2]).out,
    ):
        assert "\x1b" not in out
        assert r"\x1b[31m twice" in out


def test_runs_that_differ_are_told_call_by_call_and_leave_with_one(edited: Shell) -> None:
    answer = edited("diff", "~1", "-")
    assert answer.code == 1
    assert "lab.doubles: arguments, result, below" in answer.out
    assert "lab.doubles/lab.double[3]: only in b" in answer.out
    found = edited("diff", "~1", "-", "--json").json
    assert found["differ"] is True
    assert list(found["calls"][0]) == [
        *("path", "change", "task", "before", "after", "code", "arguments", "result", "below"),
        *("called_alike", "ended"),
    ]
    assert "… and" in edited("diff", "~1", "-", "--limit", "1").out


def test_what_is_equal_leaves_with_zero(edited: Shell) -> None:
    answer = edited("diff", "-", "-")
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "no difference"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["why", "lab.nothing"], "lab.nothing"),
        (["why", "lab.py"], "lab.py"),
        (["diff", "-", "lab.double"], "cannot be compared"),
    ],
)
def test_what_makes_no_question_is_refused(edited: Shell, words: list[str], said: str) -> None:
    answer = edited(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


HELPED = """
from headwater import task

headwater_namespace = "lab"
LIMIT = 30


def accepted(number):
    return number < LIMIT


@task
def count(n: int = 40) -> int:
    return sum(map(accepted, range(n)))
"""


def test_a_constant_that_only_a_helper_reads_is_shown_line_by_line(hw: Shell) -> None:
    path = hw.write("lab.py", HELPED)
    assert hw("run", "lab.py", "count").code == 0
    path.write_text(HELPED.replace("LIMIT = 30", "LIMIT = 15"))
    assert hw("run", "lab.py", "count").code == 0
    answer = hw("why", "lab.count")
    assert "code changed: constant lab.LIMIT" in answer.out
    lines = [line.strip() for line in answer.out.splitlines()]
    begin = lines.index("constant lab.LIMIT changed")
    assert [line for line in lines[begin:] if line[:1] in "+-"][2:] == ["-LIMIT = 30", "+LIMIT = 15"]
    [part] = hw("why", "lab.count", "--json").json["jobs"][0]["steps"][0]["code"]["parts"]
    assert list(part) == ["kind", "name", "change", "before", "after", "source_diff"]
    versions = [one["task_hash"] for one in hw("log", "task:lab.count", "--json").json["versions"]]
    for words in (["diff", "~1", "-"], ["diff", *reversed(versions)]):
        answer = hw(*words)
        assert answer.code == 1
        assert {"-LIMIT = 30", "+LIMIT = 15"} == {
            line.strip() for line in answer.out.splitlines() if "LIMIT =" in line
        }


def test_values_that_begin_alike_are_shown_where_they_differ(edited: Shell) -> None:
    edited.write(
        "long.py", "from headwater import task\n@task\ndef same(text: str) -> str:\n    return text\n"
    )
    for end in ("one", "two"):
        assert edited("run", "long.py", "same", "--text", "/" + "x" * 100 + end).code == 0
    answer = edited("diff", "~1", "-")
    assert answer.code == 1
    shown = "…xxxxxxxxxxone' → …xxxxxxxxxxtwo' (from character 93 on)"
    assert [line.strip() for line in answer.out.splitlines()].count(shown) == 2
    assert shown in edited("why", "-").out
