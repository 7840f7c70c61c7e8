"""The same record gives the same answers, to the byte: asked again, and from a graph that was loaded anew."""

from __future__ import annotations

import shutil

import pytest

from .conftest import Shell

ASKED = [
    *(
        f"{words} --json"
        for words in ("log", "log -", "log lab.double", "trace ~1", "trace copy.txt", "trace ~3 --code")
    ),
    *(f"trace ~1 {form}" for form in ("--dot", "--mermaid", "--svg", "--derivation")),
    *(
        f"{words} --json"
        for words in ("impact in.txt", "impact lab.double", "impact ~3", "why lab.double", "why -")
    ),
    *(
        f"{words} --json"
        for words in ("diff ~3 ~2", "diff ~1 -", "find", "find runs", "find files --limit 9")
    ),
    *(f"audit --fail-on error --format {form}" for form in ("json", "sarif", "junit")),
    *(
        f"query {name} --json"
        for name in ("slowest_tasks", "task_versions", "made_files", "outside_files", "failed_jobs")
    ),
    *(
        "tag list --history --json",
        "dataset list --json",
        "verify --json",
        "log --json --as-of ~1",
        "find --as-of ~2",
    ),
]


@pytest.fixture
def answers(lab: Shell) -> dict[str, str]:
    assert lab("tag", "add", "~1", "quality=good", "quality=checked").code == 0
    return ask(lab)


def ask(lab: Shell) -> dict[str, str]:
    found = {}
    for words in ASKED:
        answer = lab(*words.split())
        assert answer.code in (0, 1), answer
        found[words] = answer.out
    return found


def test_a_graph_that_is_loaded_anew_gives_the_same_answers(lab: Shell, answers: dict[str, str]) -> None:
    home = lab.folder / ".headwater"
    assert lab("store", "stop").code == 0
    shutil.rmtree(home / "graph")
    for path in (home / "journals" / "loaded").iterdir():
        path.rename(home / "journals" / path.name)
    again = ask(lab)
    assert [words for words in ASKED if again[words] != answers[words]] == []
