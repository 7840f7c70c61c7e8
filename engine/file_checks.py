"""Whether the files that a call took are, when it has run, still what they were when they were named.

A file is identified when it is named, and read later. Somebody may write it in between: then the result does not belong
to what was recorded of the argument, and must not be served to whoever has that file again.

Files of this machine are looked at when the result is taken in. A store at a URL, or a folder with many files, takes
longer to ask: that is done where the call has run, at once, while others run on.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from headwater.cypher.records import FileSeen
from headwater.engine.files.address import is_url, local_path
from headwater.engine.files.content import stamp
from headwater.engine.files.evidence import CONTENT, FOLDER, LISTINGS, MISSING, PATH, STAT
from headwater.engine.files.far_checks import still_valid_far
from headwater.engine.files.identity import still_valid
from headwater.engine.files.listing import NO_FOLDER
from headwater.engine.validity import NO_FILES
from msgspec import structs

if TYPE_CHECKING:
    from headwater.engine.executors import Outcome
    from headwater.engine.failure import Recording
    from headwater.engine.job import Job

_log = logging.getLogger("headwater")

_NO_FAR_FILE = LISTINGS | {MISSING, PATH, *NO_FILES}


class FileChecks:
    """The files inside the values of one run.

    Attributes:
        here: by value hash, those of this machine.
        there: by value hash, what takes longer to look at: files at URLs, folders and patterns.
    """

    def __init__(self) -> None:
        self.here: dict[bytes, list[FileSeen]] = {}
        self.there: dict[bytes, list[FileSeen]] = {}
        self._read: dict[bytes, str] = {}
        """by file_hash: what a file looked like when its content was found to be what it is to be"""
        self._looks = _Looks()

    def took(self, value_hash: bytes, files: Sequence[FileSeen]) -> None:
        """Files were found inside a value."""
        listings = [f for f in files if f.evidence in LISTINGS]
        # What is in a folder comes beside it, and is looked at with it.
        rest = [f for f in files if not any(_is_member(f, of) for of in listings)] if listings else files
        here = [file for file in rest if file.evidence in (STAT, CONTENT) and _path(file)]
        far = [file for file in rest if is_far(file)] + [f for f in listings if f.digest != NO_FOLDER]
        if here:
            self.here[value_hash] = here
        if far:
            self.there[value_hash] = far

    def changed(
        self, arguments: Iterable[bytes | None], result: bytes | None, far: Sequence[str] = ()
    ) -> str | None:
        """The path of the first file inside a call's arguments that is not what it was, or None. One that was not there
        was named to be made, and one that is in the result was written by the call: these do not count.

        Args:
            far: the paths of those that `look` has found to be changed.
        """
        files = self.here
        made = {file.path for known in (files, self.there) for file in known.get(result or b"", ())}
        for path in far:
            if path not in made:
                return path
        for digest in arguments:
            for file in files.get(digest, ()) if digest is not None else ():
                if file.path not in made and not self._holds(file):
                    return file.path
        return None

    def far(self, arguments: Iterable[bytes | None]) -> list[FileSeen]:
        """What is inside a call's arguments and takes longer to look at."""
        far = self.there
        return [file for digest in arguments if digest is not None for file in far.get(digest, ())]

    def look(self, files: Sequence[FileSeen]) -> set[bytes]:
        """The hashes of those that are not what they were; may be called on any thread."""
        holding = self._looks.holding({file.file_hash: file for file in files})
        return {file_hash for file_hash, holds in holding.items() if not holds}

    def _holds(self, file: FileSeen) -> bool:
        if file.evidence != CONTENT:
            return still_valid(file.path, file.evidence, file.digest)
        seen = _stamp(_path(file))
        if seen is None:
            return False
        if self._read.get(file.file_hash) == seen:
            return True
        if not still_valid(file.path, file.evidence, file.digest):
            return False
        self._read[file.file_hash] = seen
        return True


def look_after(
    recording: Recording,
    job: Job,
    files: Sequence[FileSeen],
    outcome: Outcome,
    tell: Callable[[Outcome], None],
) -> None:
    """Tell what came of a call, with what has changed of those files that it took that take longer to look at. Called
    where the call ran, which waits for that; the event loop of async tasks does not."""
    asked = _Asked(recording, files, outcome, tell)
    if job.body is None:
        asked.answer(recording.look(files))
    else:
        _Later.of_process().look(asked)


class _Asked(NamedTuple):
    recording: Recording
    files: Sequence[FileSeen]
    outcome: Outcome
    tell: Callable[[Outcome], None]

    def answer(self, changed: set[bytes]) -> None:
        self.tell(
            structs.replace(
                self.outcome, changed=[file.path for file in self.files if file.file_hash in changed]
            )
        )


class _Later:
    """Looks at the files of calls that do not wait for it, on one thread: what was asked for during one look is looked
    at by the next, together."""

    _own: _Later | None = None

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[_Asked] = []
        self._is_looking = False
        self._pid = os.getpid()

    @classmethod
    def of_process(cls) -> _Later:
        own = cls._own
        if own is None or own._pid != os.getpid():
            own = cls._own = cls()
        return own

    def look(self, asked: _Asked) -> None:
        with self._lock:
            self._asked.append(asked)
            if self._is_looking:
                return
            self._is_looking = True
        threading.Thread(target=self._look, name="headwater-look", daemon=True).start()

    def _look(self) -> None:
        while True:
            with self._lock:
                together, self._asked = self._asked, []
                if not together:
                    self._is_looking = False
                    return
            for recording in {asked.recording: None for asked in together}:
                those = [asked for asked in together if asked.recording is recording]
                files = [file for asked in those for file in asked.files]
                try:
                    changed = recording.look(files)
                except Exception:
                    _log.exception("the files of a call could not be looked at, and count as changed")
                    changed = {file.file_hash for file in files}
                for asked in those:
                    # Who cannot be told is no reason to leave the others waiting.
                    try:
                        asked.answer(changed)
                    except Exception:
                        _log.exception("what came of a call could not be told")


def is_far(file: FileSeen) -> bool:
    """Whether what was recorded is a file that was there, at a URL."""
    return file.evidence not in _NO_FAR_FILE and is_url(file.path) and not _path(file)


def _is_member(file: FileSeen, listing: FileSeen) -> bool:
    if listing.evidence.startswith(FOLDER):
        return file.path.startswith(listing.path.rstrip("/") + "/")
    # A pattern matches more here than where it is expanded; files of this machine are cheap to look at twice.
    return not _path(file) and file is not listing and fnmatchcase(file.path, listing.path)


class _Looks:
    """Looks at files on many threads: those who want to know the same at the same time share one look, which begins
    after each of them has asked."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._begun: dict[bytes, int] = {}
        self._ended: dict[bytes, tuple[int, bool]] = {}

    def holding(self, files: Mapping[bytes, FileSeen]) -> dict[bytes, bool]:
        """Which of some files, by their hashes, are what they were."""
        answers: dict[bytes, bool] = {}
        with self._condition:
            wanted = {key: self._begun.get(key, 0) + 1 for key in files}
            while len(answers) < len(files):
                mine: list[bytes] = []
                for key in files.keys() - answers.keys():
                    number, answer = self._ended.get(key, (0, True))
                    if number >= wanted[key]:
                        answers[key] = answer
                    elif self._begun.get(key, 0) == number:
                        self._begun[key] = number + 1
                        mine.append(key)
                if mine:
                    self._look([files[key] for key in mine])
                elif len(answers) < len(files):
                    self._condition.wait()
        return answers

    def _look(self, files: Sequence[FileSeen]) -> None:
        """Look at files, with the condition let go meanwhile."""
        found = [False] * len(files)
        self._condition.release()
        try:
            with suppress(Exception):  # what cannot be looked at is not known to be what it was
                found = still_valid_far([(file.path, file.evidence, file.digest) for file in files])
        finally:
            self._condition.acquire()
            for file, holds in zip(files, found, strict=True):
                self._ended[file.file_hash] = self._begun[file.file_hash], holds
            self._condition.notify_all()


def _path(file: FileSeen) -> str:
    return local_path(file.path) or ""


def _stamp(path: str) -> str | None:
    try:
        return stamp(os.stat(path))
    except OSError:
        return None
