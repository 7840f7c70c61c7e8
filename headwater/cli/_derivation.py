"""A trace as a derivation: `report.html <-- report(stats=…) <-- …`, and the arguments with what they came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from headwater.cli import _output
from headwater.cli._views import ID

if TYPE_CHECKING:
    from headwater.lineage.trace_views import Trace, TracedArgument, TracedCall

VALUE = 40
DEEPEST = 30
"""from here on a line does not go further to the right: the depth is written instead"""
ARROW = " <-- "


def derivation(trace: Trace) -> Iterator[str]:
    """A line a value: what it is, the call that made it, and the calls below whose result became that one's own.

    Under it stand the arguments of the last of these calls. What was derived above is named, not derived again. The
    walk keeps a stack of its own: a trace may be deeper than Python's.
    """
    deepest = _output.levels(DEEPEST, 4)
    shown: set[str] = set()
    stack: list[tuple[str, str, int]] = []
    if trace.kind == "file" and trace.id in trace.files:
        stack.append((trace.files[trace.id].path, trace.id, 0))
    else:
        stack += [(_result(trace.calls[id_]), id_, 0) for id_ in reversed(trace.start)]
    while stack:
        name, origin, depth = stack.pop()
        deep = f"({depth} deep) " if depth > deepest else ""
        line, inner = _line(trace, origin, shown)
        yield _output.fitted("  " * min(depth, deepest), _output.one_line(deep + name + line))
        stack.extend((text, id_, depth + 1) for text, id_ in reversed(inner))


def _line(trace: Trace, origin: str, shown: set[str]) -> tuple[str, list[tuple[str, str]]]:
    """What follows a value's name, and (name, origin) of all that is to be derived below it."""
    text = ""
    while origin:
        if origin in trace.files:
            file = trace.files[origin]
            if len(file.made_by) != 1:
                inner = [(f"{file.path} made by", maker) for maker in file.made_by]
                return text + ("" if inner else f"{ARROW}origin  {file.file[:ID]}"), inner
            origin = file.made_by[0]
            continue
        call = trace.calls[origin]
        text += f"{ARROW}{_call(call)}  {call.call[:ID]}"
        if call.id in shown:
            return f"{text} (above)", []
        shown.add(call.id)
        if call.cut_off:
            return f"{text} (and further back: --depth, --since)", []
        inner = _arguments(trace, call)
        if len(call.returned_by) != 1:
            return text, [*(("result", child) for child in call.returned_by), *inner]
        if inner:
            return text, [("result", call.returned_by[0]), *inner]
        origin = call.returned_by[0]
    return text, []


def _arguments(trace: Trace, call: TracedCall) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    given: list[str] = []
    for argument in call.arguments:
        name = f"{argument.name} = {_output.cut(argument.preview, VALUE)}"
        producers = sorted(argument.fed_by, key=lambda id_: _output.natural(_call(trace.calls[id_])))
        found += [(name, producer) for producer in producers]
        if argument.from_parent:
            files = [file for file in argument.files if file in trace.files]
            found += [
                (f"{name}, {trace.files[file].path}" if len(files) > 1 else name, file) for file in files
            ]
            if not files:
                given.append(argument.name)
    found += [(trace.files[file].path, file) for file in call.named]
    names = f"{', '.join(given)} given by" if given else "given by"
    return found + [(names, parent) for parent in call.given_by]


def _call(call: TracedCall) -> str:
    return (
        f"{call.task}({', '.join(_argument(argument) for argument in call.arguments)})"
        + " (failed)" * call.failed
    )


def _argument(argument: TracedArgument) -> str:
    """A value where nothing else made it, else its name: what it is stands in a line below."""
    if argument.fed_by or argument.files:
        return f"{argument.name}=…"
    return f"{argument.name}={_output.cut(argument.preview, VALUE)}"


def _result(call: TracedCall) -> str:
    return _output.cut(call.preview or "", VALUE)
