"""Reasons and differences as text: what `hw why` prints, and what `hw diff` shares with it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

import click

from headwater.cli import _output
from headwater.cli._views import ID

if TYPE_CHECKING:
    from headwater.lineage.changes import FileChange, ValueChange
    from headwater.lineage.log_views import FileLine
    from headwater.lineage.versions import CodeChange, PartChange
    from headwater.lineage.why_views import ArgumentChange, JobLine, Step, Why

VALUE = 60
"""columns of one value in a difference"""
AHEAD = 10
"""characters that are shown before the first that differs"""


def text(answer: Why) -> Iterator[str]:
    """A job's reason, then the reason of what caused it, to the root."""
    for place, step in enumerate(answer.steps):
        if place:
            yield "because of"
        yield from _step(step)
    if len(answer.steps) > 1:
        root = answer.root
        yield _output.one_line(f"root cause: {words(root)}, in {root.job.task}")


def words(step: Step) -> str:
    """`code changed: constant lab.LIMIT`"""
    return f"{step.reason.value.replace('-', ' ')}: {step.because}"


def _step(step: Step) -> Iterator[str]:
    job = step.job
    yield f"job {job.id[:ID]}  {_output.one_line(job.task)}  {_output.status(job.status)}"
    yield "  " + _output.one_line(words(step))
    if step.earlier is not None:
        yield "  " + _output.one_line(f"compared with {_earlier(step.earlier)}")
    if step.code is not None:
        yield from code(step.code, "  ")
    for argument in step.arguments:
        yield from _argument(argument)
    for file in step.files:
        yield from file_change(file, "  ")


def _earlier(job: JobLine) -> str:
    return f"job {job.id[:ID]} of run {job.execution}, {_output.local_time(job.started)}"


def _argument(change: ArgumentChange) -> Iterator[str]:
    by = ", ".join(dict.fromkeys(job.task for job in change.fed_by))
    yield from value_change(change, "  ", f"argument {change.name}" + (f", from {by}" if by else ""))


def value_change(change: ValueChange, indent: str, title: str | None = None) -> Iterator[str]:
    """Where two values differ, one place a line; as a whole where their previews do not tell."""
    yield indent + _output.one_line(title or change.name)
    inner = indent + "  "
    if change.differences:
        for one in change.differences:
            path = f"{one.path}: " if one.path else ""
            yield inner + _output.one_line(path + _both(one.before, one.after))
    elif change.before_preview == change.after_preview:
        yield inner + _output.one_line(f"{_value(change.before_preview)}, in what its preview does not show")
    else:
        yield inner + _output.one_line(_both(change.before_preview, change.after_preview))
    for file in change.files:
        yield from file_change(file, inner)


def code(change: CodeChange, indent: str) -> Iterator[str]:
    """What differs between two versions of a task, the sources line by line."""
    yield f"{indent}code {change.before[:ID]} → {change.after[:ID]}"
    if change.version_before != change.version_after:
        yield indent + "  " + _output.one_line(f"version {change.version_before} → {change.version_after}")
    if change.options_before != change.options_after:
        yield indent + "  " + _output.one_line(f"options {change.options_before} → {change.options_after}")
    for part in change.parts:
        yield from _part(part, indent + "  ")
    for line in change.source_diff:
        yield indent + "  " + _coloured(_output.one_line(line))


def _part(part: PartChange, indent: str) -> Iterator[str]:
    """A helper, class or constant that changed: its sources line by line, where they are on record."""
    if part.source_diff:
        yield indent + _output.one_line(f"{part.kind} {part.name} {part.change}")
        for line in part.source_diff:
            yield indent + "  " + _coloured(_output.one_line(line))
        return
    hashes = " → ".join(_short(hash_) for hash_ in (part.before, part.after))
    why = "its source is not on record" if part.source_diff is None else "in a secret, which is not on record"
    yield indent + _output.one_line(f"{part.kind} {part.name} {part.change}: hash {hashes}; {why}")


def _short(hashes: str | None) -> str:
    """The beginnings of the hashes of what has one name."""
    return " ".join(one[:ID] for one in hashes.split()) if hashes else "nothing"


def file_change(change: FileChange, indent: str) -> Iterator[str]:
    """A path with the content before and after."""
    yield indent + _output.one_line(f"file {change.path}")
    yield indent + "  " + _output.one_line(f"{_content(change.before)} → {_content(change.after)}")


def _content(file: FileLine | None) -> str:
    if file is None:
        return "nothing"
    size = f"{_output.size(file.size)}, " if file.size is not None else ""
    return f"{file.file[:ID]} ({size}{file.evidence} {file.digest})"


def _both(before: str | None, after: str | None) -> str:
    """Two values that differ; where they do so only beyond what is shown of values, from shortly before that place."""
    shown = f"{_value(before)} → {_value(after)}"
    if before is None or after is None or "…" not in shown:
        return shown
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    start = max(alike - AHEAD, 0)
    if _output.display_width(before[:alike]) < VALUE - AHEAD and not shown.startswith("…"):
        return shown
    one, other = (f"…{_output.cut_end(text[start:], VALUE - 1)}" for text in (before, after))
    return f"{one} → {other} (from character {start + 1} on)"


def _value(preview: str | None) -> str:
    return "nothing" if preview is None else _output.cut(preview, VALUE)


def _coloured(line: str) -> str:
    if line.startswith("+") and not line.startswith("+++"):
        return click.style(line, fg="green")
    return click.style(line, fg="red") if line.startswith("-") and not line.startswith("---") else line
