"""`hw find`: filters, pages and shapes."""

from __future__ import annotations

import os
import pwd

import pytest

from .conftest import Shell


def test_jobs_are_found_by_task_and_status(lab: Shell) -> None:
    found = lab("find", "jobs", "--task", "lab.*", "--status", "failed", "--json").json
    assert list(found) == ["kind", "found", "after"]
    assert (found["kind"], found["after"]) == ("jobs", None)
    assert [job["task"] for job in found["found"]] == ["lab.broken", "lab.refuse"]
    out = lab("find", "--task", "lab.refuse").out
    assert "lab.refuse(7)" in out
    assert "7 is refused" in out


def test_pages_follow_one_another(lab: Shell) -> None:
    everything = [job["id"] for job in lab("find", "--json").json["found"]]
    pages, after = [], []
    while True:
        answer = lab("find", "--limit", "4", *after)
        page = lab("find", "--limit", "4", *after, "--json").json
        pages += [job["id"] for job in page["found"]]
        if page["after"] is None:
            break
        assert f"--after {page['after']}" in answer.err
        after = ["--after", page["after"]]
    assert pages == everything


def test_runs_are_found_by_their_tasks(lab: Shell) -> None:
    found = lab("find", "runs", "--task", "lab.double", "--json").json["found"]
    assert [run["task"] for run in found] == ["lab.broken", "lab.doubles"]
    assert list(found[0])[-1] == "jobs"
    assert "lab.doubles" in lab("find", "runs", "--since", "1d").out
    assert "no runs like that" in lab("find", "runs", "--until", "2013-01-31").err


def test_runs_are_found_by_the_name_that_was_given_and_by_the_account_that_ran_them(lab: Shell) -> None:
    account = pwd.getpwuid(os.getuid()).pw_name
    assert lab("run", "lab.py", "doubles", HEADWATER_USER="alice", LOGNAME="bob").code == 0
    assert f"alice ({account})" in lab("log", "-").out
    [run] = lab("find", "runs", "--user", "alice", "--json").json["found"]
    assert run["user"] == f"alice ({account})"
    runs = lab("find", "runs", "--user", account, "--json").json["found"]
    assert run in runs
    assert {one["user"] for one in runs} == {account, f"alice ({account})"}
    assert not lab("find", "runs", "--user", "ali", "--json").json["found"]
    assert not lab("find", "runs", "--user", "bob", "--json").json["found"]


def test_files_are_found_by_path(lab: Shell) -> None:
    found = lab("find", "files", "--file", "*.txt", "--json").json["found"]
    assert [file["path"] for file in found] == [f"{lab.folder}/copy.txt", f"{lab.folder}/in.txt"]
    assert f"{lab.folder}/in.txt" in lab("find", "files", "--file", "./in.txt", COLUMNS="300").out
    tasks = [job["task"] for job in lab("find", "--file", "copy.txt", "--json").json["found"]]
    assert tasks == ["lab.copy", "lab.lines"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["files", "--user", "me"], "files are found by --file and --tag alone"),
        (["--task", "lab.doubel"], "Did you mean lab.double"),
        (["--after", "nothing"], "no job of that id"),
        (["--status", "maybe"], "maybe"),
        (["--commit", "zz"], "--commit zz: a commit is the beginning of its hash, in hexadecimal digits"),
        (["runs", "--commit", "HEAD"], "git rev-parse BRANCH"),
        (["runs", "--commit", ""], "--commit (empty): a commit is"),
    ],
)
def test_what_cannot_be_found_is_refused(lab: Shell, words: list[str], said: str) -> None:
    answer = lab("find", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
