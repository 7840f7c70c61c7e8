"""`hw impact`: what something reached, as counts, lists and JSON, and the exit code that scripts ask for."""

from __future__ import annotations

from .conftest import Shell

CUT = """
import os, signal, time
from pathlib import Path
from headwater import File, task
from headwater.cypher.journal import read_groups
from headwater.cypher.records import JobEnded, JobStarted

headwater_namespace = "cut"


@task
def inner(n: int) -> File:
    file = File("deep.txt")
    file.write(str(n))
    return file


def recorded() -> bool:
    # whether the journal has what came before, and that two have begun since and go on: main and the one that is killed
    records = [r for path in Path(".headwater/journals").glob("*.hwj") for g in read_groups(path) for r in g.records]
    ended = {record.n for record in records if isinstance(record, JobEnded)}
    return bool(ended) and len({record.n for record in records if isinstance(record, JobStarted)} - ended) == 2


@task
def killed(file: File) -> int:
    while not recorded():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


@task
def main(file: File) -> list:
    return [killed(inner(len(file.read())))]
"""


def test_a_file_reached_what_was_made_of_it(lab: Shell) -> None:
    answer = lab("impact", "in.txt")
    assert answer.code == 1
    lines = answer.out.splitlines()
    assert lines[0].startswith(f"file {lab.folder}/in.txt")
    counted = {line.split()[0]: line.split()[1] for line in lines[2:]}
    assert counted == {"calls": "3", "files": "1", "runs": "1", "people": "1"}
    assert "in 3 jobs" in answer.out
    assert "lab.copy" not in answer.out


def test_lists_are_shown_on_request(lab: Shell) -> None:
    out = lab("impact", "in.txt", "--list", "calls", "--list", "files", COLUMNS="300").out
    assert "lab.copied_lines" in out
    assert f"{lab.folder}/copy.txt" in out
    assert "\nruns\n" not in out
    everything = lab("impact", "in.txt", "--list", "all", COLUMNS="300").out
    assert all(f"\n{name}\n" in everything for name in ("calls", "files", "runs", "people"))


def test_files_are_looked_at_on_request(lab: Shell) -> None:
    assert "1 as recorded, 0 changed or gone" in lab("impact", "in.txt", "--check").out
    [file] = lab("impact", "in.txt", "--check", "--json").json["files"]
    assert file["still_there"] is True
    assert lab("impact", "in.txt", "--json").json["files"][0]["still_there"] is None


def test_what_reached_nothing_leaves_with_zero(lab: Shell) -> None:
    answer = lab("impact", "copy.txt", "--json")
    taken = {call["task"] for call in answer.json["calls"]}
    assert (answer.code, taken) == (1, {"lab.lines", "lab.copied_lines"})
    nothing = lab("impact", "in.txt", "--since", "2999-01-01")
    assert nothing.code == 0
    assert "since then" in nothing.out


def test_a_limit_ends_the_walk_and_is_named_with_what_was_reached(lab: Shell) -> None:
    part = lab("impact", "lab.double", "--limit", "1")
    assert part.code == 1
    whole = lab("impact", "lab.double", "--limit", "1000", "--json").json
    assert whole["complete"] is True
    assert ("reached at least (--limit)" in part.out) != lab(
        "impact", "lab.double", "--limit", "1", "--json"
    ).json["complete"]


def test_the_json_has_a_stable_shape(lab: Shell) -> None:
    found = lab("impact", "lab.double", "--json").json
    assert list(found) == [
        *("kind", "id", "label", "contents", "since", "complete"),
        *("counts", "calls", "files", "runs", "people", "unended", "perhaps"),
    ]
    assert found["kind"] == "task"
    assert list(found["counts"]) == [
        *("calls", "jobs", "files", "runs", "people"),
        *("unended", "perhaps_calls", "perhaps_files", "perhaps_runs", "perhaps_people"),
    ]
    assert found["perhaps"] == {"calls": [], "files": [], "runs": [], "people": []}
    assert list(found["calls"][0]) == [
        *("call", "task", "task_hash", "recorded_at", "failed", "type", "preview", "jobs"),
    ]
    assert {call["task"] for call in found["calls"]} == {"lab.double", "lab.total", "lab.doubles"}


def test_what_a_job_made_that_came_to_no_result_is_told_apart(hw: Shell) -> None:
    hw.write("cut.py", CUT)
    hw.write("in.txt", "one\n")
    assert hw("run", "cut.py", "main", "--file", "in.txt").code not in (0, 1)
    answer = hw("impact", "in.txt", "--list", "all", COLUMNS="300")
    assert answer.code == 1, answer
    counts, *_ = answer.out.partition("\n\n")
    assert (
        counts.splitlines()[-1]
        == "  beside these 1 run and 1 person, only by jobs that came to no result or perhaps"
    )
    counted = {line.split()[0]: line.split()[1] for line in counts.splitlines()[2:-1]}
    assert counted == {"calls": "0", "files": "0", "runs": "0", "people": "0", "unended": "2", "perhaps": "1"}
    assert "calls under or after jobs without a result, which made 1 file" in counts
    for listed in (
        "for sure",
        "calls that it reached perhaps",
        "cut.inner",
        "files that these made",
        "/deep.txt",
        "further runs, of jobs",
        "further people",
    ):
        assert listed in answer.out
    found = hw("impact", "in.txt", "--json").json
    assert [call["task"] for call in found["perhaps"]["calls"]] == ["cut.inner"]
    assert [file["path"] for file in found["perhaps"]["files"]] == [f"{hw.folder}/deep.txt"]
    [run] = found["perhaps"]["runs"]
    assert (run["id"], run["jobs"]) == (found["unended"][0]["execution"], 3)
    assert [(person["user"], person["runs"]) for person in found["perhaps"]["people"]] == [(run["user"], 1)]
    hw.write("deep.txt", "changed")
    assert "which made 1 file: 0 as recorded, 1 changed or gone\n" in hw("impact", "in.txt", "--check").out


def test_a_time_that_is_none_is_refused_with_examples(lab: Shell) -> None:
    answer = lab("impact", "in.txt", "--since", "yesterday-ish")
    assert (answer.code, answer.out) == (2, "")
    assert "2013-01-31T06:30Z" in answer.err
