"""Watches one script: what it reads and writes beside what it declares, by whichever means there are."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

from headwater.engine.config import watched_files
from headwater.engine.observed import Observed
from headwater.engine.script_log import ScriptLog
from headwater.engine.script_trace import can_trace, read_report, traced
from headwater.engine.script_watch import IGNORED, Declared, Watch, others_ran
from headwater.engine.secrets import Secrets

if TYPE_CHECKING:
    from headwater.engine.signature import JobInfo

_log = logging.getLogger("headwater")


class Manners:
    """Begins before a script runs, and tells afterwards what was seen.

    Where runs are not recorded, nothing is looked at.

    Attributes:
        folder: where it runs.

    Args:
        scratch: the script's own temporary folder, whose files do not count.
        folder: where it runs.
        info: its job.
        tempdir: whether the folder is a temporary one.
    """

    def __init__(
        self, declared: Declared, scratch: str, folder: str, info: JobInfo, *, tempdir: bool
    ) -> None:
        self._declared = declared
        self._scratch = scratch
        self.folder = folder
        self._info = info
        self._since = time.time()
        self._report: str | None = None
        self._watch: Watch | None = None
        self._reads = bool((info.options or {}).get("trace_files")) and info.project is not None
        if self._reads and can_trace():
            self._report = os.path.join(scratch, "trace")
        elif info.project is not None:
            root = os.path.dirname(info.project)
            roots = [root, *declared.folders, *([] if tempdir else [folder])]
            self._watch = Watch(roots, watched_files(info.project))

    def command(self, words: list[str]) -> list[str]:
        """What is to be run in place of a command."""
        return words if self._report is None else traced(words, self._report)

    def explain(self, log: ScriptLog) -> None:
        """Say in the script's log what cannot be seen of it."""
        if self._reads and self._report is None:
            text = "trace_files: strace is not installed, or may not be used here. Only times of files are looked at"
            _log.warning(text)
            log.note(text)
        if self._watch is not None and self._watch.is_blind:
            log.note(
                "too many files to see what it writes beside its outputs ([scripts] watch in headwater.ini)"
            )

    def observed(self, told: list[str]) -> Observed | None:
        """What the script did to files that it does not declare; None for nothing.

        Args:
            told: files that it added to its inputs, of which it was warned.
        """
        certain, crowded = self._report is not None, False
        if self._report is not None:
            try:
                found = read_report(self._report, self.folder)
            except OSError:  # nothing was run
                return None
            self._declared.settle()
            written = {path for path in found[0] if not self._declared.may_write(path)}
            read = {path for path in found[1] if not self._declared.may_read(path)}
        elif self._watch is not None:
            writes, reads = self._watch.changes(self._declared)
            written, read = set(writes), set(reads) if self._reads else set()
            if written or read:
                crowded = others_ran(str(self._info.project), self._info.execution_id, self._since)
        else:
            return None
        written = {path for path in written if self._counts(path)} | set(told)
        read = {path for path in read if self._counts(path)}
        if not written and not read:
            return None
        return Observed(_clean(written), _clean(read), certain, crowded, _clean(set(told)))

    def _counts(self, path: str) -> bool:
        return not path.startswith(self._scratch + os.sep) and IGNORED.isdisjoint(path.split(os.sep))


def _clean(paths: set[str]) -> list[str]:
    """Paths as they are recorded: sorted, as text, without secrets."""
    hide = Secrets().hide
    return sorted({hide(os.fsencode(path)).decode("utf-8", "backslashreplace") for path in paths})
