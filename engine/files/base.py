"""Artefact: what files, folders and sets of files have in common as values."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, ClassVar, TypeVar

from headwater.cypher.paths import as_text, normal
from headwater.engine.files.address import (
    absolute,
    as_os_errors,
    ends_relative,
    in_full,
    is_url,
    local_path,
    open_filesystem,
    split_chain,
    without_credentials,
)
from headwater.engine.files.evidence import Identity, file_hash
from headwater.engine.files.identity import info_of
from headwater.engine.files.since import period, run_of_thread
from headwater.engine.main_program import recorded_module

_Self = TypeVar("_Self", bound="Artefact")


class Artefact:
    """Something outside this process that is known by what was seen of it.

    Attributes:
        path: the path, pattern or URL as it was given, without credentials.
        uri: its absolute form.
    """

    __slots__ = ("_address", "_identity", "_period", "path", "uri")
    __reactive__: ClassVar[bool] = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        given = os.fspath(path)
        if not given:
            raise ValueError(
                f"{type(self).__name__}('') names nothing: its path is empty, as of a variable that is not set. "
                "Write '.' for the working directory"
            )
        if "\0" in given:
            raise ValueError(f"{type(self).__name__}({given!r}): no path has a NUL in it. Take it out")
        local = local_path(given)
        self._address = _address(given, local)
        self.path: str = without_credentials(given) if local is None else given
        self.uri: str = absolute(self._address) if local is None else as_text(self._address)
        self._identity: Identity | None = None
        self._period = period()

    @property
    def is_relative(self) -> bool:
        """Whether the working directory decides what it is."""
        return ends_relative(self.path)

    def _look(self) -> Identity:
        """What it is now."""
        raise NotImplementedError

    @property
    def identity(self) -> Identity:
        """What it is known to be."""
        if self._identity is None:
            self.update_hash()
            assert self._identity is not None
        return self._identity

    @property
    def evidence(self) -> str:
        """How it was identified; the reference of the graph has the words."""
        return self.identity.evidence

    @property
    def digest(self) -> str:
        """What the evidence was, as text."""
        return self.identity.digest

    @property
    def recorded_size(self) -> int | None:
        """Bytes when it was identified; None where nothing was there, or its store does not say."""
        return self.identity.size

    @property
    def file_hash(self) -> bytes:
        """32 bytes over `uri`, `evidence` and `digest`: its key in the graph."""
        identity = self.identity
        return file_hash(self.uri, identity.evidence, identity.digest)

    @property
    def hash(self) -> str:
        """`file_hash` in hex."""
        return self.file_hash.hex()

    def get_hash(self) -> str:
        """The hash of what it is now, in hex; what is recorded stays."""
        now = self._look()
        return file_hash(self.uri, now.evidence, now.digest).hex()

    def update_hash(self) -> None:
        """Look at it again. Call it after something else than this object has written it."""
        began = period()
        self._identity = (
            self._look()
        )  # where it cannot be looked at, what was known stays, and how old that is
        self._period = began

    def is_valid(self) -> bool:
        """Whether it is still what it was when it was looked at."""
        return self.get_hash() == self.hash

    def isfile(self) -> bool:
        """Whether there is a file now."""
        if is_url(self._address):
            info = info_of(self._address)
            return info is not None and info.get("type") != "directory"
        return os.path.isfile(self._address)

    def isdir(self) -> bool:
        """Whether there is a folder now."""
        if is_url(self._address):
            try:
                files, path = self._fresh()
                with as_os_errors(self._address, "looked at"):
                    return bool(files.isdir(path))
            except FileNotFoundError:
                return False
        return os.path.isdir(self._address)

    def exists(self) -> bool:
        """Whether there is a file or a folder now."""
        return self.isfile() or self.isdir()

    def _fresh(self) -> tuple[Any, str]:
        files, path = open_filesystem(self._address)
        files.invalidate_cache(path)
        return files, path

    def basename(self) -> str:
        """The last part of the path."""
        return split_chain(self.path)[0].rstrip("/").rpartition("/")[2]

    def dirname(self) -> str:
        """The path without its last part."""
        if is_url(self.path):
            head, chain = split_chain(self.path)
            above = head.rstrip("/").rpartition("/")[0]
            return (f"{above}/" if above.endswith(":/") else above) + chain
        return os.path.dirname(self.path)

    @classmethod
    def parse_arg(cls: type[_Self], raw_type: Any, arg: str) -> _Self:
        """What an argument on the command line names."""
        return cls(arg)

    def __canonical__(self) -> tuple[str, tuple[str, str, str]]:
        """What it counts as in a run, for which it is looked at again where that was before the run began."""
        if self._period < run_of_thread():
            self.update_hash()
        cls = type(self)
        return f"{recorded_module(cls.__module__)}.{cls.__qualname__}", self._known_by()

    def _known_by(self) -> tuple[str, str, str]:
        identity = self.identity
        return self.uri, identity.evidence, identity.digest

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._known_by() == other._known_by()

    def __hash__(self) -> int:
        return hash((type(self), self.uri))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def __fspath__(self) -> str:
        """The local path, so that `open(file)` and `subprocess` take the object as it is."""
        if is_url(self._address):
            raise TypeError(f"{self!r} is not on this machine; use its open(), or stage it")
        return self._address

    def __deepcopy__(self: _Self, _: dict[int, Any]) -> _Self:
        """One that knows the same, without looking again."""
        copied = type(self).__new__(type(self))
        for name in _slots_of(type(self)):  # type: ignore[arg-type]
            setattr(copied, name, getattr(self, name))
        copied_dict = getattr(self, "__dict__", None)
        if copied_dict:
            vars(copied).update(copied_dict)
        return copied

    def __getstate__(self) -> dict[str, Any]:
        identity = self.identity
        return {
            "path": self.path,
            "uri": self.uri,
            "evidence": identity.evidence,
            "digest": identity.digest,
            "size": identity.size,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path = state["path"]
        self.uri = state["uri"]
        local = local_path(self.uri)
        self._address = self.uri if local is None else local
        if (
            ends_relative(self.path)
            and f"{os.getcwd()}{os.sep}{self.path}" != self._address  # seen at once, as nearly always
            and absolute(_address(self.path, local_path(self.path))) != self.uri
        ):
            self.path = self._address  # it was named in another working directory than this process's
        self._identity = Identity(state["evidence"], state["digest"], state["size"])
        self._period = period()


@cache
def _slots_of(cls: type) -> tuple[str, ...]:
    return tuple(name for base in cls.__mro__ for name in getattr(base, "__slots__", ()))


def _address(given: str, local: str | None) -> str:
    """The absolute path, or the URL in full, that a path or URL means here.

    Args:
        local: the path that it means on this machine (`local_path`).
    """
    return normal(os.path.expanduser(local)) if local is not None else in_full(given)
