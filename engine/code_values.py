"""Code as a value: tasks, functions, classes and instances that are passed as arguments or returned.

Who takes a function as an argument may run it without the scheduler seeing it, and who takes an object may call its
methods. So the code of what is passed counts like the content of a file: it is recorded with the value that holds it,
and a recorded call is only reused while that code is what it was.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from headwater.cypher.records import CODE, FileSeen
from headwater.engine.code import Fingerprint, fingerprint
from headwater.engine.code_held import has_attributes, own_function
from headwater.engine.code_origin import USER, origin, origin_of_class
from headwater.engine.code_scope import imported_module
from headwater.engine.files import file_hash
from headwater.engine.main_program import module_here, recorded_module
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task, task_function
from headwater.engine.values.names import find, set_code_fingerprinter

TASK, FUNCTION, CLASS = CODE

_prints: dict[int, tuple[object, Fingerprint | None]] = {}
"""Of functions and classes by identity: what they are, and their fingerprint; None for library code."""


def code_digest(code: FunctionType | type) -> bytes:
    """The fingerprint of a user's own function or class; nothing for library code, whose name is enough."""
    known = _prints.get(id(code))
    if known is None or known[0] is not code:
        known = _prints[id(code)] = (code, _fingerprint(code))
    print_ = known[1]
    return b"" if print_ is None else print_.digest


def _fingerprint(code: FunctionType | type) -> Fingerprint | None:
    if isinstance(code, type):
        whose = origin_of_class(code)
    else:
        whose = origin(code.__module__ or "", code.__code__.co_filename)
        if own_function(code) is not None and (whose != USER or has_attributes(code)):
            return fingerprint(code, is_task=task_function, as_held=True)
    return fingerprint(code, is_task=task_function) if whose == USER else None


def look_again() -> None:
    """Forget what is known of code that reads names which stand for something else by now; a run begins with it."""
    for task in get_task_registry():
        task.recompute_hash()
    for key, (_, print_) in list(_prints.items()):
        if print_ is not None and not print_.still_holds():
            del _prints[key]


def code_record(code: Task[Any, Any] | FunctionType | type) -> FileSeen:
    """What is recorded of a task, function or class inside a value."""
    if isinstance(code, Task):
        path, evidence, digest = f"task:{code.fullname}", TASK, code.hash.hex()
    else:
        evidence = CLASS if isinstance(code, type) else FUNCTION
        path = f"{evidence}:{recorded_module(code.__module__)}:{code.__qualname__}"
        digest = code_digest(code).hex()
    return FileSeen(file_hash(path, evidence, digest), path, evidence, digest)


def is_current(path: str, evidence: str, digest: str) -> bool:
    """Whether recorded code is what it was."""
    if evidence == TASK:
        task = get_task_registry().find(path.partition(":")[2])
        return task is not None and task.hash.hex() == digest
    _, module, name = path.split(":", 2)
    module = module_here(module)
    imported_module(module)
    code = find(module, name)
    if not isinstance(code, (FunctionType, type)):
        code = getattr(code, "__wrapped__", None)
    return isinstance(code, (FunctionType, type)) and code_digest(code).hex() == digest


set_code_fingerprinter(code_digest)
