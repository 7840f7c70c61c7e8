"""What differs between two recorded values, the arguments of two calls, or two sets of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headwater.lineage.log_views import FileLine
from headwater.lineage.previews import Difference, differences
from headwater.lineage.trace_facts import ArgumentFact, CallFact, FileFact


@dataclass(frozen=True)
class FileChange:
    """A path whose content is another one; None where there was, or is, none."""

    path: str
    before: FileLine | None
    after: FileLine | None


@dataclass(frozen=True)
class ValueChange:
    """Two values that differ; None where there is none."""

    name: str
    """the parameter; `return` of a result"""
    before: str | None
    """value hash"""
    after: str | None
    before_preview: str | None
    after_preview: str | None
    differences: Sequence[Difference]
    """element by element, as far as the previews show it"""
    files: Sequence[FileChange]

    def summary(self) -> str:
        """What differs, in a few words."""
        if self.before is None or self.after is None:
            return f"{self.name} {'is new' if self.before is None else 'is gone'}"
        changed = [file for file in self.files if file.before and file.after]
        if changed:
            return f"{changed[0].path} changed"
        if self.differences:
            first = self.differences[0]
            more = f" and {len(self.differences) - 1} more" if len(self.differences) > 1 else ""
            old, new = ("nothing" if text is None else text for text in (first.before, first.after))
            return f"{self.name}{first.path}: {old} → {new}{more}"
        return f"{self.name} is another value"


def argument_changes(before: CallFact, after: CallFact) -> list[ValueChange]:
    """The arguments in which two calls differ, in the order of the second."""
    old, new = by_name(before), by_name(after)
    return [
        _argument(name, old.get(name), new.get(name))
        for name in dict.fromkeys([*new, *old])
        if _value(old.get(name)) != _value(new.get(name))
    ]


def result_change(before: CallFact, after: CallFact) -> ValueChange | None:
    """How the results of two calls differ; None where they are equal."""
    if before.value == after.value:
        return None
    return ValueChange(
        "return",
        before.value,
        after.value,
        before.preview,
        after.preview,
        _shown(before.preview, after.preview),
        file_changes(before.result_files, after.result_files),
    )


def file_changes(before: Iterable[FileFact], after: Iterable[FileFact]) -> list[FileChange]:
    """The paths that two sets of files have with different contents, or that only one of them has."""
    old, new = ({file.path: FileLine(*file) for file in files} for files in (before, after))
    return [
        FileChange(path, old.get(path), new.get(path))
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    ]


def by_name(call: CallFact) -> dict[str, ArgumentFact]:
    """A call's arguments by parameter; of a parameter that took several, `name[0]`, `name[1]` and so on."""
    names = [argument.name for argument in call.arguments]
    found: dict[str, ArgumentFact] = {}
    for place, argument in enumerate(call.arguments):
        several = names.count(argument.name) > 1
        label = f"{argument.name}[{names[:place].count(argument.name)}]" if several else argument.name
        found[label] = argument
    return found


def _argument(name: str, before: ArgumentFact | None, after: ArgumentFact | None) -> ValueChange:
    old, new = (None if one is None else one.preview for one in (before, after))
    return ValueChange(
        name,
        _value(before),
        _value(after),
        old,
        new,
        _shown(old, new),
        file_changes(before.files if before else (), after.files if after else ()),
    )


def _shown(before: str | None, after: str | None) -> list[Difference]:
    return [] if before is None or after is None else differences(before, after)


def _value(argument: ArgumentFact | None) -> str | None:
    return None if argument is None else argument.value
