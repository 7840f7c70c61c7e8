"""What the Python API tells of the record, and how a notebook shows it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from headwater.cypher.html import facts, table, text
from hypothesis import given
from hypothesis import strategies as st

from headwater import DryRunResult, File, Project, Scheduler, UsageError, log, task, trace

headwater_namespace = "looking"

HOSTILE = "<script>alert(1)</script> & \"quotes\" 'too' \x1b[31mred\x1b[0m \u202egnp.exe \u2066x\u2069 \x00"
_TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "pre"}
_STYLES = {"text-align:left", "text-align:left;vertical-align:top", "text-align:left;margin:0"}


class Reader(HTMLParser):
    """Notes every tag, attribute and text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def is_inert(source: str) -> Reader:
    """Only our own tags and attributes, all closed, and no character that acts."""
    read = Reader(source)
    assert set(read.tags) <= _TAGS
    assert read.open == []
    assert {value for name, value in read.attributes if name != "colspan"} <= _STYLES
    assert {name for name, _ in read.attributes} <= {"style", "colspan"}
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff]", source
    )
    return read


leaves = st.text(max_size=8) | st.none() | st.integers()
answers = st.recursive(
    leaves,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.lists(st.lists(st.text(max_size=30), min_size=2, max_size=2), max_size=60), st.text(max_size=20))
def test_whatever_is_in_a_table_is_text(rows: list[list[str]], title: str) -> None:
    read = is_inert(table(("a", "b"), rows, title=title))
    assert read.tags.count("tr") == 1 + min(len(rows), 50) + (len(rows) > 50)


@given(answers)
def test_whatever_is_in_an_answer_is_text(answer: Any) -> None:
    is_inert(facts(answer))


def test_acting_characters_are_shown_by_their_numbers() -> None:
    shown = "".join(is_inert(text(HOSTILE)).texts)
    assert shown.startswith("<script>alert(1)</script> & \"quotes\" 'too' \\u{1b}[31mred")
    assert "\\u{202e}gnp.exe" in shown
    assert len(text("x" * 10_000)) == 2001


@task
def read(file: File, note: str) -> str:
    return f"{file.read()} {note}"


@task
def shout(words: str) -> str:
    return words.upper()


@task
def main(path: str, note: str) -> Any:
    return shout(read(File(path), note))


def test_runs_jobs_and_lineage_are_shown_and_hostile_text_in_them_is_inert(
    local_project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "<b>in&.txt"
    path.write_text("text")
    scheduler = Scheduler(local_project)
    scheduler.run(main(str(path), HOSTILE), tags=[("k", HOSTILE)], command=["hw", HOSTILE])
    runs = log(project=local_project)
    assert [listed.execution.id for listed in runs.runs] == [scheduler.execution_id]
    run = log("-", project=local_project)
    traced = trace("-", project=local_project)
    assert [file.path for file in traced.sources()] == [str(path)]
    assert trace("task:looking.main", project=local_project).calls == traced.calls
    for shown in (
        runs,
        run,
        traced,
        scheduler.progress(),
        *(log(job.id, project=local_project) for job in run.jobs),
        *(log(call.call, project=local_project) for call in traced.calls.values()),
        log("looking.read", project=local_project),
        log(str(path), project=local_project),
    ):
        texts = " ".join(is_inert(shown._repr_html_()).texts)
        assert "looking." in texts
    assert "<b>in&.txt" in " ".join(is_inert(traced._repr_html_()).texts)

    @task(namespace="looking", name="shout", version="2")
    def other(words: str) -> str:
        return words

    try:
        with pytest.raises(DryRunResult) as planned:
            scheduler.run(main(str(path), HOSTILE), dryrun=True)
        assert "looking.shout" in " ".join(is_inert(planned.value._repr_html_()).texts)
    finally:
        from headwater import get_task_registry

        get_task_registry().add(shout)


def test_what_is_not_there_is_said(
    local_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="abc"):
        log("abc", project=local_project)
    assert log(project=local_project)._repr_html_().count("<td") == 0
    elsewhere = tmp_path.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    monkeypatch.chdir(elsewhere)
    with pytest.raises(UsageError, match="hw init"):
        trace("-")
