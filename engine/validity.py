"""Whether what a recorded value depends on is what it was: a file, code, or something that says so itself."""

from __future__ import annotations

from collections.abc import Callable

from headwater.cypher.records import CODE, FileSeen
from headwater.engine.code_values import is_current
from headwater.engine.files import file_hash, still_valid
from headwater.engine.values.own import Checked, asked_again

VALUE = "value"
"""The kind of evidence that is a value which is asked whether it is valid."""
NO_FILES = (*CODE, VALUE)
"""The kinds of evidence that are of no file."""


def checked_record(checked: Checked) -> FileSeen:
    """What is recorded of a value that is to be asked whether it is still valid."""
    path = f"value:{checked.type}"
    return FileSeen(file_hash(path, VALUE, checked.state), path, VALUE, checked.state)


Tell = Callable[[str, Exception], None]
"""Is given the name of a class whose value could not say whether it is valid, and what it raised."""


def _tell_nobody(type_name: str, error: Exception) -> None:
    pass


def still_holds(path: str, evidence: str, digest: str, tell: Tell = _tell_nobody) -> bool:
    """Whether what was recorded under a path is what it was."""
    if evidence == VALUE:
        return _says_so(path.removeprefix("value:"), digest, tell)
    return (is_current if evidence in CODE else still_valid)(path, evidence, digest)


def _says_so(type_name: str, state: str, tell: Tell) -> bool:
    """Whether a value says that it is valid; not where it cannot be read back, or fails when it is asked."""
    value = asked_again(type_name, state)
    try:
        return value is not None and bool(value.is_valid())
    except Exception as error:
        tell(type_name, error)
        return False
