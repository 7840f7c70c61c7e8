"""Importing workflows: by the path of a script or by a module's name, here and again in worker processes."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from headwater.cypher.alike import most_alike
from headwater.cypher.errors import UsageError
from headwater.engine.code_origin import HEADWATER, origin_of_module
from headwater.engine.main_program import (
    MAIN,
    MAIN_IN_WORKER,
    is_imported_as,
    name_of_file,
    recorded_module,
)


class ImportSpec(NamedTuple):
    """How to import a module again in another process; plain strings, so that it can be pickled anywhere."""

    name: str
    file: str | None
    """the source file to load it from; None where its name is enough"""
    root: str | None
    """the folder that has to be on `sys.path`"""
    package: str | None
    recorded: str | None = None
    """of a main program: what it is recorded as"""


Spec = tuple[str, "str | None", "str | None", "str | None", "str | None"]
"""an `ImportSpec`, as it comes out of a pickle"""

_again: list[ImportSpec] = []
"""what is being imported now that another process has imported already"""


def import_script(path_or_module: str | os.PathLike[str]) -> ModuleType:
    """Import a workflow.

    A path is imported under its stem, with its folder first on `sys.path`; inside a package under its dotted
    name, with the package's parent first on `sys.path`. Anything else is a module's name, looked up with the
    working directory first on `sys.path`. A workflow that was imported before is returned as it is, and so is the main
    program.

    Raises:
        UsageError: no such file or module; the message has the nearest one. Or its name is taken.
        Exception: whatever the workflow raises while it is imported.
    """
    given = os.fspath(path_or_module)
    path = Path(given)
    if path.is_file():
        return _import_path(path.resolve())
    if path.is_dir() and (path / "__init__.py").is_file():
        return _import_path((path / "__init__.py").resolve())
    if path.suffix == ".py" or os.sep in given or "/" in given:
        what = "a folder, not a Python file" if path.is_dir() else "not there"
        raise UsageError(f"the workflow {given} is {what}.{_nearest(path)}")
    return _import_name(given)


def import_spec(module: ModuleType) -> ImportSpec:
    """How another process imports a module that this process has.

    Raises:
        UsageError: no process but this one has it: it was made in a notebook or at a console.
    """
    name = module.__name__
    file = getattr(module, "__file__", None)
    if name in (MAIN, MAIN_IN_WORKER):
        spec = getattr(module, "__spec__", None)
        if not isinstance(file, str) or (file.startswith("<") and file.endswith(">")):  # `<stdin>`
            raise UsageError(
                "tasks that are defined in a notebook or at a console cannot run in other processes. "
                "Move them into a module, or leave them on threads (executor='default')."
            )
        root = sys.path[0] if spec is not None else os.path.dirname(os.path.abspath(file))
        package = getattr(module, "__package__", None)
        return ImportSpec(MAIN, os.path.abspath(file), root, package, recorded_module(name))
    if not isinstance(file, str) or origin_of_module(module) == HEADWATER:
        # Every process has headwater; the folder around a checkout of it is no place to import from.
        return ImportSpec(name, None, None, None)
    parts = name.split(".")
    folder = Path(file).resolve().parent
    if Path(file).stem == "__init__":
        folder = folder.parent
    for _ in parts[1:]:
        folder = folder.parent
    return ImportSpec(name, os.path.abspath(file), str(folder), None)


def import_from_spec(spec: Spec) -> ModuleType:
    """The module that an `import_spec` describes, imported unless this process has it already.

    Raises:
        UsageError: its file is gone.
        Exception: whatever the module raises while it is imported.
    """
    _again.append(ImportSpec(*spec))
    try:
        return _import_again(*spec)
    finally:
        _again.pop()


def import_quietly(path_or_module: str) -> ModuleType:
    """Import a workflow for its tasks (`import_script`); one that starts a run while it is imported is refused.

    Raises:
        UsageError: no such file or module, or it starts a run.
        Exception: whatever the workflow raises while it is imported.
    """
    _again.append(ImportSpec(MAIN, path_or_module, None, None))
    try:
        return import_script(path_or_module)
    finally:
        _again.pop()


def refuse_run_on_import(*, processes: bool = False) -> None:
    """Refuse a run of a main program that another process imports for its tasks; processes: of any module, where it
    comes to start processes of its own.

    Raises:
        UsageError: it is one, which would start processes without end.
    """
    for name, file, *_ in _again:
        if name == MAIN or processes:
            raise UsageError(
                f"{file} starts a run while it is imported. A process that runs one of its tasks imports it, too, and "
                "would start that run again, without end. Put what starts it under if __name__ == '__main__':"
            )


def _import_again(
    name: str, file: str | None, root: str | None, package: str | None, recorded: str | None
) -> ModuleType:
    if name == MAIN:
        is_imported_as(str(recorded), str(file), package)
        return _import_main(str(file), root, package)
    known = sys.modules.get(name)
    if known is not None and (file is None or _is_from(known, Path(file).resolve())):
        return known
    if root is not None:
        _put_first(root)
    if file is None or "." in name:
        return importlib.import_module(name)
    return _load(name, Path(file))


def _import_path(path: Path) -> ModuleType:
    main = _main_program(path)
    if main is not None:
        return main
    name, root = name_of_file(path)
    known = sys.modules.get(name)
    if known is not None:
        if _is_from(known, path):
            return known
        where = getattr(known, "__file__", None) or "built in"
        raise UsageError(
            f"{path} cannot be imported as {name}: a module of that name is there already ({where}). "
            "Give the file another name."
        )
    _put_first(str(root))
    if "." in name or path.stem == "__init__":
        module = importlib.import_module(name)
        if not _is_from(module, path):
            raise UsageError(
                f"{path} cannot be imported as {name}: that is {getattr(module, '__file__', 'built in')}. "
                "Give the package another name."
            )
        return module
    return _load(name, path)


def _import_name(name: str) -> ModuleType:
    _put_first(os.getcwd())
    try:
        if name not in sys.modules and not name.startswith("."):
            found = importlib.util.find_spec(name)
            main = _main_program(Path(found.origin).resolve()) if found and found.origin else None
            if main is not None:
                return main
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(missing + "."):
            raise  # the workflow is there; what it imports is not
        raise UsageError(f"there is no workflow called {name}.{_nearest(Path(name))}") from None
    except (TypeError, ValueError):
        raise UsageError(f"{name!r} is neither a file nor a module's name.{_nearest(Path(name))}") from None


def _main_program(path: Path) -> ModuleType | None:
    """The main program, where it is that file: under another name it would run again, and define its tasks twice."""
    main = sys.modules.get(MAIN)
    return main if main is not None and _is_from(main, path) else None


def _import_main(file: str, root: str | None, package: str | None) -> ModuleType:
    """The main program of another process. It must not run as one here: its name is not `__main__`."""
    current = _main_program(Path(file).resolve())
    if current is not None:
        return current
    if root is not None:
        _put_first(root)
    module = _load(MAIN_IN_WORKER, Path(file), package)
    sys.modules[MAIN] = module
    return module


def _load(name: str, path: Path, package: str | None = None) -> ModuleType:
    loader = SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or not path.is_file():
        raise UsageError(f"the workflow {path} is not there.{_nearest(path)}")
    module = importlib.util.module_from_spec(spec)
    if name == MAIN_IN_WORKER:
        # By this, `multiprocessing` tells how processes that a task spawns find the main program: by its name as
        # `python -m` was given it, or by its file.
        module.__spec__ = ModuleSpec(f"{package}.{path.stem}", loader, origin=str(path)) if package else None
    if package:
        importlib.import_module(package)
        module.__package__ = package
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return sys.modules.get(name, module)


def _is_from(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).resolve() == path


def _put_first(folder: str) -> None:
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _nearest(wanted: Path) -> str:
    """A sentence that names the files that may have been meant."""
    folder = next((place for place in (wanted, wanted.parent) if place.is_dir()), Path())
    shown = {str(path.relative_to(folder)): path for path in sorted(_python_files(folder))}
    by_stem = {path.stem: str(path) for path in shown.values()}
    close = most_alike(wanted.stem, by_stem, n=3, cutoff=0.5)
    if close:
        return f" Did you mean {' or '.join(by_stem[stem] for stem in close)}?"
    if shown:
        listed = ", ".join(str(path) for path in list(shown.values())[:5]) + " …" * (len(shown) > 5)
        return f" Python files {'here' if folder == Path() else f'in {folder}'}: {listed}"
    return f" There is no Python file in {folder.resolve()}."


def _python_files(folder: Path) -> Iterator[Path]:
    """The Python files in a folder and in the folders in it."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.suffix == ".py" and entry.name != "__init__.py":
            yield entry
        elif entry.is_dir() and not entry.name.startswith((".", "_")):
            yield from sorted(entry.glob("*.py"))
