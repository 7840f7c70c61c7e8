"""`hw run --dryrun`: what would run, without running it."""

from __future__ import annotations

from .conftest import WORKFLOW, Shell


def test_what_would_run_first_is_listed_with_why_and_exit_code_1(hw: Shell) -> None:
    hw.write("lab.py", WORKFLOW)
    assert hw("run", "lab.py", "doubles").code == 0
    answer = hw("run", "lab.py", "doubles", "--n", "4", "--dryrun")
    assert answer.code == 1
    lines = answer.out.splitlines()
    assert lines[0].split() == ["would", "run", "first", "arguments", "why"]
    assert lines[1].startswith("lab.doubles")
    assert "argument changed: n: 3 → 4" in lines[1]
    assert lines[-1] == "1 call, and what depends on it"
    assert len(hw("log", "--json").json["executions"]) == 1


def test_where_nothing_would_run_the_result_is_printed(hw: Shell) -> None:
    hw.write("lab.py", WORKFLOW)
    hw("run", "lab.py", "doubles")
    answer = hw("run", "--dryrun", "lab.py", "doubles")
    assert (answer.code, answer.out) == (0, "nothing would run\nresult: 6\n")
    assert hw("run", "lab.py", "doubles", "--dryrun", "--json").json == {
        "task": "lab.doubles",
        "would_run": [],
        "result": "6",
    }
    hw.write("lab.py", WORKFLOW.replace("return 2 * x", "return 3 * x"))
    answer = hw("run", "lab.py", "doubles", "--dryrun", "--json")
    assert answer.code == 1
    assert answer.json == {
        "task": "lab.doubles",
        "would_run": [
            {
                "task": "lab.double",
                "arguments": {"x": str(n)},
                "reason": "code changed",
                "detail": "lab.double",
            }
            for n in range(3)
        ],
        "result": None,
    }


def test_nothing_is_made_where_there_is_no_project(hw: Shell) -> None:
    hw.write("lab.py", WORKFLOW)
    answer = hw("run", "lab.py", "doubles", "--dryrun")
    assert answer.code == 1
    assert "new task: nothing is recorded outside a project" in answer.out
    assert not (hw.folder / ".headwater").exists()


def test_a_long_list_is_cut(hw: Shell) -> None:
    hw("init")
    hw.write("lab.py", WORKFLOW)
    hw("run", "lab.py", "doubles", "--n", "60")
    hw.write("lab.py", WORKFLOW.replace("return 2 * x", "return 3 * x"))
    answer = hw("run", "lab.py", "doubles", "--n", "60", "--dryrun")
    assert "… and 10 more; --json lists all" in answer.out
    assert answer.out.endswith("60 calls, and what depends on them\n")


def test_a_dry_run_and_why_name_the_same_of_several_calls_that_are_near(hw: Shell) -> None:
    hw.write("lab.py", WORKFLOW)

    def words(n: int, label: str) -> list[str]:
        return ["run", "lab.py", "doubles", "--n", str(n), "--label", label]

    for label in ("first try", "nothing like it"):
        assert hw(*words(2, label)).code == 0
    for n, label, change in (
        (2, "third try", "label: 'first try' → 'third try'"),
        (3, "third try", "n: 2 → 3"),
        (2, "third try", None),  # taken from the cache: it is no newer for that
        (5, "third try", "n: 3 → 5"),
    ):
        if change is not None:
            [planned] = hw(*words(n, label), "--dryrun", "--json").json["would_run"]
            assert (planned["reason"], planned["detail"]) == ("argument changed", change)
        assert hw(*words(n, label)).code == 0
        if change is not None:
            [argument] = hw("why", "-", "--json").json["jobs"][0]["steps"][0]["arguments"]
            assert change == f"{argument['name']}: {argument['before_preview']} → {argument['after_preview']}"
