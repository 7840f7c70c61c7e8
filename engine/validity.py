"""Whether what a recorded value depends on is what it was: a file, code, or something that says so itself."""

from __future__ import annotations

from headwater.cypher.records import CODE, FileSeen
from headwater.engine.code_values import is_current
from headwater.engine.files import file_hash, still_valid
from headwater.engine.values.own import Checked, is_still_valid

VALUE = "value"
"""The kind of evidence that is a value which is asked whether it is valid."""
NO_FILES = (*CODE, VALUE)
"""The kinds of evidence that are of no file."""


def checked_record(checked: Checked) -> FileSeen:
    """What is recorded of a value that is to be asked whether it is still valid."""
    path = f"value:{checked.type}"
    return FileSeen(file_hash(path, VALUE, checked.state), path, VALUE, checked.state)


def still_holds(path: str, evidence: str, digest: str) -> bool:
    """Whether what was recorded under a path is what it was."""
    if evidence == VALUE:
        return is_still_valid(path.removeprefix("value:"), digest)
    return (is_current if evidence in CODE else still_valid)(path, evidence, digest)
