"""Code as a value: tasks and functions that are passed as arguments or returned.

Who takes a function as an argument may run it without the scheduler seeing it. So the code of what is passed counts
like the content of a file: it is recorded with the value that holds it, and a recorded call is only reused while that
code is what it was.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from headwater.cypher.records import FileSeen
from headwater.engine.code import fingerprint
from headwater.engine.code_origin import USER, origin
from headwater.engine.files import file_hash
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task, task_function
from headwater.engine.values.names import find

TASK, FUNCTION = "task", "function"
"""The kinds of evidence that are code."""


def function_digest(function: FunctionType) -> bytes:
    """The fingerprint of a user's own function; nothing for library code, whose name is enough."""
    file = function.__code__.co_filename
    if origin(function.__module__ or "", file) != USER:
        return b""
    return fingerprint(function, is_task=task_function).digest


def code_record(code: Task[Any, Any] | FunctionType) -> FileSeen:
    """What is recorded of a task or function inside a value."""
    if isinstance(code, Task):
        path, evidence, digest = f"task:{code.fullname}", TASK, code.hash.hex()
    else:
        path = f"function:{code.__module__}:{code.__qualname__}"
        evidence, digest = FUNCTION, function_digest(code).hex()
    return FileSeen(file_hash(path, evidence, digest), path, evidence, digest)


def is_current(path: str, evidence: str, digest: str) -> bool:
    """Whether recorded code is what it was."""
    if evidence == TASK:
        task = get_task_registry().find(path.partition(":")[2])
        return task is not None and task.hash.hex() == digest
    _, module, name = path.split(":", 2)
    function = find(module, name)
    return isinstance(function, FunctionType) and function_digest(function).hex() == digest
