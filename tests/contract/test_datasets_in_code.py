"""Datasets that scripts declare are recorded with their runs and keep their history; on both stores."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from headwater.cypher.change import begin_change, write_change
from headwater.cypher.loader import catch_up
from headwater.cypher.project import Project
from headwater.cypher.store import GraphStore, open_store
from headwater.lineage.dataset_sync import changed
from headwater.lineage.datasets import current, declarations, files_of
from headwater.lineage.labels import labels
from headwater.lineage.tags import is_empty
from headwater.lineage.verify import verify

from headwater import UsageError

HEAD = """
from headwater import Dataset, File, run, task
headwater_namespace = "survey"
"""
PEOPLE = """
Dataset("people", files=["data/people*.csv"], sensitivity="personal", licence="CC-BY-4.0", origin="our survey",
        collected_by="us", purpose="study", lawful_basis="consent")
"""
TAIL = """
@task
def size(file: File) -> int:
    return len(file.read())

if __name__ == "__main__":
    run(size(File("data/people.csv")){options})
"""


class Author:
    """Somebody who writes scripts and runs them, each in a process of its own, and then asks."""

    def __init__(self, project: Project, store: GraphStore) -> None:
        self.project, self.store = project, store
        (project.root / "data").mkdir()
        (project.root / "data" / "people.csv").write_text("ann\n")

    def run(self, name: str, declarations: str, options: str = "") -> None:
        path = self.project.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEAD + declarations + TAIL.format(options=options))
        done = subprocess.run(
            [sys.executable, name],
            cwd=self.project.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr

    def sync(self) -> bool:
        """What each command that asks does first; returns whether anything was recorded."""
        assert catch_up(self.project, timeout=60).complete
        change = changed(self.project, self.store, begin_change(self.project, ["hw"]))
        if is_empty(change):
            return False
        write_change(self.project, change)
        assert catch_up(self.project, timeout=60).complete
        return True

    def known(self) -> list[tuple[str, str, str, bool]]:
        return [
            (one.name, one.sensitivity, one.declared_in, one.is_current) for one in declarations(self.store)
        ]


@pytest.fixture
def author(project: Project) -> Iterator[Author]:
    store = open_store(project)
    yield Author(project, store)
    store.close()


def test_what_a_script_declares_is_recorded_with_its_run(author: Author) -> None:
    author.run("survey.py", PEOPLE)
    assert author.sync()
    assert not author.sync()
    [people] = current(author.store)
    assert (people.name, people.files, people.sensitivity, people.licence) == (
        "people",
        ("data/people*.csv",),
        "personal",
        "CC-BY-4.0",
    )
    assert (people.origin, people.collected_by, people.purpose, people.lawful_basis) == (
        "our survey",
        "us",
        "study",
        "consent",
    )
    assert people.declared_in == "survey.py"
    assert len(files_of(author.store, [people.id])[people.id]) == 1
    assert {(label.kind, label.sensitivity) for label in labels(author.store)} >= {("execution", "personal")}
    assert not verify(author.project, author.store).findings


def test_a_declaration_that_changes_or_goes_keeps_its_history(author: Author) -> None:
    for text in (PEOPLE, PEOPLE.replace("personal", "special"), "", PEOPLE):
        author.run("steps/survey.py", text)
        assert author.sync()
    there = "steps/survey.py"
    assert author.known() == [
        ("people", "personal", there, False),
        ("people", "special", there, False),
        ("people", "personal", there, True),
    ]
    (author.project.root / there).unlink()
    assert author.sync()
    assert [known[3] for known in author.known()] == [False, False, False]
    assert not verify(author.project, author.store).findings


def test_other_scripts_and_the_file_leave_it_alone(author: Author) -> None:
    author.run("survey.py", PEOPLE)
    author.sync()
    author.run("other.py", PEOPLE.replace("people", "dogs"))
    author.project.datasets_file.write_text('[datasets.air]\nfiles = ["air"]\nsensitivity = "public"\n')
    assert author.sync()
    assert {(one.name, one.declared_in) for one in current(author.store)} == {
        ("people", "survey.py"),
        ("dogs", "other.py"),
        ("air", ""),
    }
    author.project.datasets_file.write_text("")
    assert author.sync()
    assert {one.name for one in current(author.store)} == {"people", "dogs"}
    for entry in author.project.declared.iterdir():
        entry.unlink()  # as in a clone in which nothing has run
    assert not author.sync()
    assert {one.name for one in current(author.store)} == {"people", "dogs"}


def test_a_name_in_a_script_and_in_the_file_is_told_with_both_places(author: Author) -> None:
    author.run("survey.py", PEOPLE)
    author.project.datasets_file.write_text('[datasets.people]\nfiles = ["x"]\nsensitivity = "public"\n')
    with pytest.raises(
        UsageError, match=r"^survey\.py:5: the dataset people is declared in .*/datasets\.toml"
    ):
        author.sync()
    assert author.known() == []
    # It moves into the file: until the script runs again, that is what counts.
    (author.project.root / "survey.py").write_text(HEAD + TAIL)
    assert author.sync()
    assert author.known() == [("people", "public", "", True)]
    author.run("survey.py", "")
    assert not author.sync()


def test_a_name_in_two_scripts_is_told_with_both_places(author: Author) -> None:
    author.run("survey.py", PEOPLE)
    author.run("other.py", PEOPLE)
    with pytest.raises(UsageError, match=r"^survey\.py:5: .* is declared in other\.py:5, too"):
        author.sync()


def test_a_run_that_is_not_recorded_leaves_no_word(author: Author) -> None:
    author.run("survey.py", PEOPLE, ", prov=False")
    assert not author.project.declared.exists()


def test_word_that_cannot_be_read_is_told(author: Author) -> None:
    author.run("survey.py", PEOPLE)
    [entry] = author.project.declared.iterdir()
    entry.write_text("{")
    with pytest.raises(UsageError, match="delete it, and run the script again"):
        author.sync()


def test_what_is_declared_in_no_file_stays(author: Author) -> None:
    def console(declaration: str) -> None:
        code = HEAD + declaration + TAIL.format(options="")
        subprocess.run([sys.executable, "-c", code], cwd=author.project.root, check=True, timeout=120)

    console(PEOPLE)
    console(PEOPLE.replace("people", "dogs"))
    author.sync()
    assert {(one.name, one.declared_in) for one in current(author.store)} == {
        ("people", "<__main__>"),
        ("dogs", "<__main__>"),
    }


def test_the_line_is_that_of_the_declaration(author: Author, tmp_path: Path) -> None:
    author.run("survey.py", "\n\n" + PEOPLE)
    author.run("other.py", PEOPLE)
    with pytest.raises(UsageError, match=r"^survey\.py:7: .* in other\.py:5"):
        author.sync()
