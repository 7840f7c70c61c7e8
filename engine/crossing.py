"""What goes from one project's process to another's: values whose classes both have, and nothing that runs.

Two projects may have modules of one name. So of the user's own code, a class or function crosses only where both sides
import it from the same file; an error of a class that does not cross is replaced by one of the nearest class that does.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import FunctionType
from typing import Any, NamedTuple

from headwater.cypher.records import CODE
from headwater.engine.background import Thread
from headwater.engine.code_origin import USER, origin_of_module
from headwater.engine.errors import CallError
from headwater.engine.expression_codec import Quoted
from headwater.engine.nested import opaque_parts
from headwater.engine.prepare import Prepared
from headwater.engine.task import Task
from headwater.engine.traceback import message_of
from headwater.engine.values import hash_and_files, type_name

_RUNS = (Task, Quoted, Thread)


class Border(NamedTuple):
    """What a process of a project is told of the process that calls it.

    Attributes:
        call: what is called, for messages.
        modules: the modules of the user's own that the arguments need, and their files there.
        path: where the caller imports from.
    """

    call: str
    modules: dict[str, str]
    path: list[str]


def border_of(args: Any, call: str) -> Border:
    """What is told with some arguments.

    Raises:
        CallError: they hold what cannot cross.
    """
    _, inside = hash_and_files(args, f"{call}(...)")
    refuse_work([args, *inside], f"{call} is given")
    names = {one.__module__ for one in inside if isinstance(one, (FunctionType, type))}
    modules = {name: _file_of(name) for name in sorted(names) if _is_own(name)}
    return Border(call, modules, [os.path.abspath(folder) for folder in sys.path])


def refuse_work(value: Any, where: str) -> None:
    """Refuse what is still to be evaluated: the tasks in it are those of one project.

    Raises:
        CallError: there is such a thing.
    """
    found = next((part for part in opaque_parts(value) if isinstance(part, _RUNS)), None)
    if found is not None:
        raise CallError(
            f"{where} a {type(found).__name__} ({found!r}), and a task of one project cannot be evaluated in another. "
            "Pass its result, or a text that says which one is meant"
        )


def refuse_arrivals(border: Border) -> None:
    """Refuse arguments that need modules which are others here, before anything of them is imported.

    Raises:
        CallError: the message names the module.
    """
    for module, file in border.modules.items():
        part, here = _found(module, sys.path)
        if not file or here != _place(module, file, part):
            raise CallError(
                f"{border.call}: an argument needs the module {module} of {file or 'a console'}, which "
                f"{f'is {here} in' if here else 'cannot be imported in'} the project {os.getcwd()}. "
                f"{_INSTEAD}, or keep its class in a package that both import"
            )


def refuse_departure(prepared: Prepared | None, border: Border) -> None:
    """Refuse a result that holds what the caller cannot have.

    Raises:
        CallError: the message names the class, function or handle.
    """
    if prepared is None:
        return
    if prepared.states:
        raise CallError(
            f"{border.call}: the result holds a handle, whose states belong to the calls of the project {os.getcwd()}. "
            "Return what it leads to: a path, a URL, a name"
        )
    for file in prepared.files:
        if file.evidence in CODE:
            kind, module, name = file.path.split(":", 2)
            if not is_shared(module, border):
                raise CallError(
                    f"{border.call}: the result holds the {kind} {module}.{name}, which belongs to the project "
                    f"{os.getcwd()}: whoever calls from another cannot import it. {_INSTEAD}, or keep it in a package "
                    "that both import"
                )


_INSTEAD = "Use plain values (a dict, a list, dataclasses.asdict) or a table"


def is_shared(module: str, border: Border) -> bool:
    """Whether the caller has the same module as this process."""
    if not _is_own(module):
        return True
    file = _file_of(module)
    part, there = _found(module, border.path)
    return bool(file) and there == _place(module, file, part)


def portable(body: bytes, error: BaseException, border: Border) -> bytes:
    """A pickled error, or one in its place where it needs classes that the caller cannot have: of the nearest class
    that it has, with the name of the error's own class before the message."""
    needed = _Noted(io.BytesIO(body))
    needed.load()
    if all(is_shared(module, border) for module in needed.modules):
        return body
    text = f"{type_name(type(error))}: {message_of(error)}"
    for cls in type(error).__mro__:
        if not issubclass(cls, BaseException) or not is_shared(cls.__module__, border):
            continue
        try:
            made = cls.__new__(cls)
            made.args = (text,)
            if text in message_of(made):
                return pickle.dumps(made, 5)
        except Exception:  # whatever its class demands
            continue
    return pickle.dumps(Exception(text), 5)


class _Noted(pickle.Unpickler):
    """Notes the modules that a pickle names."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.modules.add(module)
        return super().find_class(module, name)


def _is_own(module: str) -> bool:
    """Whether a module is the user's own."""
    found = sys.modules.get(module)
    return found is None or origin_of_module(found) == USER


def _file_of(module: str) -> str:
    return str(getattr(sys.modules.get(module), "__file__", None) or "")


def _place(module: str, file: str, part: str) -> str:
    """Where a package that a module is in is, or the module itself (`part`), from the module's own file."""
    place = os.path.realpath(file) if file else ""
    if os.path.basename(place) == "__init__.py":
        place = os.path.dirname(place)
    for _ in range(module.count(".") - part.count(".")):
        place = os.path.dirname(place)
    return place


def _found(module: str, path: Sequence[str]) -> tuple[str, str]:
    """What a module would be imported as from some folders: the outermost of its packages that lies in one folder (a
    namespace package may lie in several), or the module itself, and its place; empty where it is not to be found."""
    name, folders = "", list(path)
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = _spec(name, folders)
        if spec is None:
            return name, ""
        folders = list(spec.submodule_search_locations or ())
        if spec.origin is not None:
            return name, os.path.realpath(folders[0] if folders else spec.origin)
    return name, ""


def _spec(name: str, folders: list[str]) -> ModuleSpec | None:
    for finder in sys.meta_path:
        if finder is PathFinder:
            # By its last part: a namespace package would ask for the one above it, which nobody need have imported.
            spec = PathFinder.find_spec(name.rpartition(".")[2], folders)
        else:  # what is installed to be edited has a finder of its own, which both sides have
            spec = finder.find_spec(name, None)
        if spec is not None:
            return spec
    return None
