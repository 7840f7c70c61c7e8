"""Each reason of the closed list, of jobs that ran and of cached ones, beside what a dry run said before the run."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from headwater.cypher.project import Project
from headwater.cypher.store import open_store
from headwater.engine.reasons import Reason as Said
from headwater.lineage.why import why
from headwater.lineage.why_views import Reason, Why

from tests.lineage.lab import Lab

SOURCE = """
LIMIT = 10

def bounded(x):
    return min(x, LIMIT)

@task
def read(file: File) -> list[int]:
    return [int(line) for line in file.read().split()]

@task
def scaled(numbers: list[int], by: dict) -> list[int]:
    return [bounded(number) * by["how"][1]["much"] for number in numbers]

@task
def total(numbers: list[int]) -> int:
    return sum(numbers)

@task
def often(numbers: list[int]) -> int:
    return len(numbers)

@task
def main(path: str, by: dict) -> list[int]:
    numbers = scaled(read(File(path)), by)
    return [total(numbers), often(numbers)]
"""
CALL = "main('in.txt', {'how': [0, {'much': 2}], 'x': 1})"
FAILING = SOURCE.replace("return sum(numbers)", "return sum(numbers) if len(numbers) < 3 else 1 / 0")

ALIKE = {
    Said.NEW_TASK: {Reason.NEW_TASK},
    Said.CODE_CHANGED: {Reason.CODE},
    Said.ARGUMENT_CHANGED: {Reason.ARGUMENT},
    Said.FILE_CHANGED: {Reason.FILE},
    Said.UPSTREAM_CHANGED: {Reason.UPSTREAM},
    Said.EARLIER_FAILURE: {Reason.FAILED},
    Said.NEVER_CACHED: {Reason.NEVER_CACHED, Reason.NO_ANSWER},
}
"""what a dry run says, and what is found out after the run: `no-answer` is a result that was not kept"""

NEAREST = frozenset({Reason.UPSTREAM, Reason.ARGUMENT})
"""where each of two earlier calls had one of two arguments, either may be the nearest"""


@pytest.fixture
def lab(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.chdir(project.root)
    Path("in.txt").write_text("1 2\n")
    store = open_store(project)
    yield Lab(project, store)
    store.close()


def chains(lab: Lab, run: str) -> dict[str, list[tuple[str, Reason]]]:
    """Of one job of each task of a run, the first that ran where one did, the reasons to the root."""
    found: dict[str, list[tuple[str, Reason]]] = {}
    for job, task in lab.ask(
        "MATCH (j:Job {execution_id: $id}) RETURN j.id, j.task_name ORDER BY j.status <> 'CACHED', j.n DESC",
        id=run,
    ):
        found[short(task)] = [(short(step.job.task), step.reason) for step in why(lab.store, job).steps]
    return found


def short(task: str) -> str:
    return task.rpartition(".")[2]


def of(lab: Lab, run: str, task: str) -> Why:
    return why(lab.store, lab.jobs(run, task)[0])


def agree(lab: Lab, said: dict[str, Said], run: str, either: frozenset[Reason] = frozenset()) -> None:
    """Whether the run did first what the dry run had said, for the reasons that it gave.

    Args:
        either: reasons that stand for each other.
    """
    found = chains(lab, run)
    for task, reason in said.items():
        alike = ALIKE[reason] | (either if ALIKE[reason] & either else set())
        assert found[short(task)][0][1] in alike, (task, reason, found)


def test_each_reason_is_given_where_it_holds_and_as_a_dry_run_had_said(lab: Lab) -> None:
    seen: set[Reason] = set()

    def after(
        source: str, call: str = CALL, *, fails: bool = False, cache: bool = True
    ) -> tuple[str, dict[str, Said]]:
        said = lab.dry(source, call, cache=cache)
        run = lab.run(source, call, fails=fails, cache=cache)
        agree(lab, said, run)
        seen.update(reason for chain in chains(lab, run).values() for _, reason in chain)
        return run, {short(task): reason for task, reason in said.items()}

    first, said = after(SOURCE)
    assert said == {"main": Said.NEW_TASK}
    assert {chain[-1][1] for chain in chains(lab, first).values()} == {Reason.NEW_TASK}

    again, said = after(SOURCE)
    assert said == {}
    assert chains(lab, again) == {"main": [("main", Reason.REUSED)]}
    assert first in of(lab, again, "main").root.because

    # A constant that only a helper of one task reads, and what hangs on that task.
    run, said = after(SOURCE.replace("LIMIT = 10", "LIMIT = 1"))
    assert said == {"scaled": Said.CODE_CHANGED}
    assert chains(lab, run) == {
        "main": [("main", Reason.UPSTREAM), ("scaled", Reason.CODE)],
        "read": [("read", Reason.REUSED)],
        "scaled": [("scaled", Reason.CODE)],
        "total": [("total", Reason.UPSTREAM), ("scaled", Reason.CODE)],
        "often": [("often", Reason.UPSTREAM), ("scaled", Reason.CODE)],
    }

    # A value deep in an argument, element by element.
    run, said = after(SOURCE, CALL.replace("'much': 2", "'much': 3"))
    assert said == {"main": Said.ARGUMENT_CHANGED}
    [change] = of(lab, run, "main").root.arguments
    assert [(one.path, one.before, one.after) for one in change.differences] == [
        ("['how'][1]['much']", "2", "3")
    ]
    assert chains(lab, run)["total"][-1] == ("main", Reason.ARGUMENT)

    # A file, by its content.
    Path("in.txt").write_text("1 2 3\n")
    run, said = after(SOURCE)
    assert set(said.values()) == {Said.FILE_CHANGED}
    assert chains(lab, run)["total"][-1][1] is Reason.FILE

    # Code that was there before, but never with these arguments: others were, with the code of now.
    run, said = after(SOURCE.replace("LIMIT = 10", "LIMIT = 1"))
    assert said == {"scaled": Said.CODE_CHANGED}
    assert chains(lab, run)["scaled"] == [("scaled", Reason.CODE)]

    # A task that stands in the expression which another returned.
    mapped = "@task\ndef once(x: int) -> int:\n    return x\n\n@task\ndef each() -> list[int]:\n"
    mapped = f"from headwater import map_\n{SOURCE}{mapped}    return map_(once, [1, 2])\n"
    after(mapped, "each()")
    run, said = after(mapped.replace("    return x\n", "    return x + 1\n"), "each()")
    assert said == {"each": Said.CODE_CHANGED}
    assert chains(lab, run)["each"] == [("each", Reason.CODE)]
    assert of(lab, run, "each").root.because.startswith("code in the expression it returned changed: task:")

    # A function that is handed over.
    held = (
        f"{SOURCE}def own(x: int) -> int:\n    return x\n\n@task\ndef applied(f) -> int:\n    return f(1)\n"
    )
    after(held, "applied(own)")
    run, said = after(held.replace("    return x\n", "    return x + 1\n"), "applied(own)")
    assert said == {"applied": Said.CODE_CHANGED}
    assert chains(lab, run)["applied"] == [("applied", Reason.CODE)]
    assert of(lab, run, "applied").root.because.startswith("function:")

    # A file that a call far below made, and that is gone; known by its time, and by its content alone.
    for kind in ("File", "ContentFile"):
        made = f"from headwater import {kind}\n{SOURCE}"
        made += f"@task\ndef made(x: int) -> {kind}:\n    file = {kind}('{kind}.txt')\n    file.write('1')\n"
        made += "    return file\n\n@task\ndef around(x: int) -> list:\n    return [made(x)]\n"
        after(made, "around(1)")
        Path(f"{kind}.txt").unlink()
        run, said = after(made, "around(1)")
        assert said == {"made": Said.FILE_CHANGED}
        assert chains(lab, run)["around"] == [("around", Reason.UPSTREAM), ("made", Reason.FILE)]
        assert f"{kind}.txt" in of(lab, run, "made").root.because

    # An error, which is not reused, and what could not begin because of it.
    _, said = after(FAILING, fails=True)
    assert said == {"total": Said.CODE_CHANGED}
    run, said = after(FAILING, fails=True)
    assert said == {"total": Said.EARLIER_FAILURE}
    assert chains(lab, run)["total"] == [("total", Reason.FAILED)]
    # A call that never came to anything, and what it had returned is of no use: its file is the reason.
    other = CALL.replace("'much': 2", "'much': 5")
    after(FAILING, other, fails=True)
    os.utime("in.txt", ns=(1, 1))
    run, said = after(FAILING, other, fails=True)
    assert said == {"main": Said.FILE_CHANGED}
    assert chains(lab, run)["main"] == [("main", Reason.FILE)]
    broken = "@task\ndef broken(x: int) -> int:\n    return 1 // x\n\n@task\ndef last(x: int) -> int:\n    return x\n"
    run, _ = after(SOURCE + broken, "last(broken(0))", fails=True)
    assert chains(lab, run)["last"] == [("last", Reason.UNFINISHED)]

    # Options and the command line.
    never = SOURCE.replace("@task\ndef often", "@task(cache=False)\ndef often")
    after(never)
    run, said = after(never)
    assert said == {"often": Said.NEVER_CACHED}
    assert chains(lab, run)["often"] == [("often", Reason.NEVER_CACHED)]
    run, said = after(SOURCE, cache=False)
    assert said == {"main": Said.NEVER_CACHED}
    assert {chain[0][1] for chain in chains(lab, run).values()} == {Reason.NEVER_CACHED}

    # Two calls of one run that are equal.
    pair = "@task\ndef one(x: int) -> int:\n    return x\n\n@task\ndef left() -> int:\n    return one(1)\n\n"
    pair += "@task\ndef right() -> int:\n    return one(1)\n\n"
    pair += "@task\ndef both() -> list[int]:\n    return [left(), right()]\n"
    run, _ = after(SOURCE + pair, "both()")
    steps = [why(lab.store, job).steps[0] for job in lab.jobs(run, "one")]
    assert {step.reason for step in steps} == {Reason.NEW_TASK, Reason.SHARED}

    seen.update(step.reason for step in steps)

    # A result whose bytes are gone.
    large = "@task\ndef large(n: int) -> list[int]:\n    return list(range(n))\n"
    after(SOURCE + large, "large(5000)")
    shutil.rmtree(lab.project.values)
    run, _ = after(SOURCE + large, "large(5000)")
    assert chains(lab, run) == {"large": [("large", Reason.NO_ANSWER)]}

    assert seen == set(Reason)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_was_changed_a_dry_run_and_the_reasons_after_the_run_agree(lab: Lab, seed: int) -> None:
    rng = random.Random(seed)
    source, call = SOURCE, CALL
    edits = [
        ("LIMIT = 10", "LIMIT = 1"),
        ("return min(x, LIMIT)", "return max(x, LIMIT)"),
        ("return sum(numbers)", "return 2 * sum(numbers)"),
        ("return sum(numbers)", "return sum(numbers) if len(numbers) < 3 else 1 / 0"),
        ("return len(numbers)", "return len(numbers) + 1"),
        ("@task\ndef often", "@task(cache=False)\ndef often"),
        ("int(line)", "int(line) + 1"),
    ]
    for _ in range(8):
        kind = rng.choice(["code", "code", "undo", "file", "argument", "nothing"])
        if kind == "code":
            source = source.replace(*rng.choice(edits))
        elif kind == "undo":
            source = SOURCE
        elif kind == "argument":
            call = CALL.replace("'much': 2", f"'much': {rng.randint(2, 4)}")
        elif kind == "file":
            Path("in.txt").write_text(rng.choice(["1 2\n", "1 2 3\n", "4\n"]))
        said = lab.dry(source, call)
        run = lab.run(source, call, fails=True)
        agree(lab, said, run, NEAREST)
        found = chains(lab, run)
        for task, chain in found.items():
            # Where all below it was changed back, nothing ran that could be the cause.
            rest = {others[0][1] for other, others in found.items() if other != task}
            assert chain[-1][1] is not Reason.UPSTREAM or rest == {Reason.REUSED}, (task, found)
