"""From FILE and TASK on a command line to a task: imports the script and finds the task in it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable
from types import ModuleType, TracebackType
from typing import Any

from headwater.cypher.alike import most_alike
from headwater.cypher.errors import HeadwaterError, UsageError
from headwater.engine.errors import CallError, TaskDefinitionError
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task
from headwater.engine.traceback import lines_to

AnyTask = Task[Any, Any]


def load(file: str) -> ModuleType:
    """Import a script by its path, or a module by its dotted name.

    Raises:
        UsageError: there is none, it does not parse, or an exception left it; the message has the place.
    """
    from headwater.engine.importing import import_script

    try:
        return import_script(file)
    except (TaskDefinitionError, CallError) as error:
        line = lines_to(error)[-1]
        raise UsageError(f"{line.filename}:{line.lineno}: {error}") from error
    except HeadwaterError:
        raise
    except SyntaxError as error:
        raise UsageError(_syntax_error(error)) from error
    except SystemExit as error:
        raise UsageError(
            f"{file} left the process with sys.exit({error.code!r}) while it was imported. Put what it does "
            'as a program under `if __name__ == "__main__":`.'
        ) from error
    except Exception as error:
        raise _import_failed(file, error) from error


def tasks_of(module: ModuleType) -> list[AnyTask]:
    """The tasks that a module defines, in the order of their definition, then those that it imported; none of
    headwater's own."""
    tasks = [
        task for task in get_task_registry() if getattr(task.func, "__module__", None) == module.__name__
    ]
    seen = {task.fullname for task in tasks}
    for thing in list(vars(module).values()):
        ours = isinstance(thing, Task) and (thing.load_module or "").startswith("headwater.")
        if isinstance(thing, Task) and thing.fullname not in seen and not ours:
            seen.add(thing.fullname)
            tasks.append(thing)
    return tasks


def find_task(module: ModuleType, name: str, file: str) -> AnyTask:
    """The task of that name: full, relative to the module's namespace, or short where only one has it.

    Raises:
        UsageError: none or several tasks are meant.
    """
    tasks = tasks_of(module)
    exact = [task for task in tasks if task.fullname == name]
    namespace = getattr(module, "headwater_namespace", "")
    relative = [task for task in tasks if namespace and task.fullname == f"{namespace}.{name}"]
    short = [task for task in tasks if task.name == name]
    for found in (exact, relative, short):
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(task.fullname for task in found)
            raise UsageError(f"{name!r} could be several tasks of {file}: {names}. Type one of them in full.")
    anywhere = get_task_registry().find(name)
    if anywhere is not None:
        return anywhere
    if not tasks:
        raise UsageError(f"{file} defines no tasks. Put @task over a function (from headwater import task).")
    known = [task.fullname for task in tasks]
    near = _near(name, [*known, *(task.name for task in tasks)])
    hint = f" Did you mean {near}?" if near else f" It has: {', '.join(known)}."
    raise UsageError(f"{file} has no task {name!r}.{hint}")


def _near(name: str, names: Iterable[str]) -> str | None:
    return next(iter(most_alike(name, list(names), n=1)), None)


def _syntax_error(error: SyntaxError) -> str:
    place = f"{error.filename}:{error.lineno}"
    text = (error.text or "").rstrip("\n")
    message = f"{place}: {type(error).__name__}: {error.msg}"
    if not text.strip():
        return message
    stripped = text.lstrip()
    column = max((error.offset or 1) - 1 - (len(text) - len(stripped)), 0)
    return f"{message}\n    {stripped}\n    {' ' * min(column, len(stripped))}^"


def _import_failed(file: str, error: Exception) -> UsageError:
    """The exception with the frames that are the user's: the import machinery's and ours say nothing."""
    own = os.path.dirname(os.path.abspath(__file__))
    kept = _outside(error.__traceback__, own)
    trace = "".join(traceback.format_exception(type(error), error, kept)).rstrip()
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        hint = f"\nInstall what provides {error.name!r} into {sys.prefix}, or correct its name."
    return UsageError(f"{file} could not be imported.\n{trace}{hint}")


def _outside(trace: TracebackType | None, own: str) -> TracebackType | None:
    """A traceback from its first frame that is neither ours nor the import system's."""
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        ours = filename.startswith(own) or filename.endswith(os.path.join("engine", "importing.py"))
        if not ours and not filename.startswith("<frozen importlib"):
            return trace
        trace = trace.tb_next
    return None
