"""Puts right what killed processes left: files half written, what scripts had put aside, temporary folders."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from headwater.engine.files.partials import PARTIAL
from headwater.engine.files.under_way import ALL, Note, settle_killed


def tidy_up() -> int:
    """Remove what killed processes left half-made, and put back what they had put aside. What belongs to those that
    live is left alone.

    Returns:
        How many files and folders that were.
    """
    found = 0

    def put_right(note: Note) -> bool:
        nonlocal found
        if note.place == ALL:
            tried = [put_right(Note(path)) for path in _partials(note.path)]
            return all(tried)
        if not os.path.lexists(note.path):
            return True
        if note.place:
            from headwater.engine.script_room import come_back  # few runs find anything, and fewer need it

            done = come_back(note)
        else:
            if os.path.isdir(note.path) and not os.path.islink(note.path):
                shutil.rmtree(note.path, ignore_errors=True)
            else:
                with suppress(OSError):
                    os.unlink(note.path)
            done = not os.path.lexists(note.path)
        found += done
        return done

    settle_killed(put_right)
    return found


def _partials(start: str) -> list[str]:
    """The files half written whose paths begin so."""
    folder, prefix = os.path.split(start)
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [
        os.path.join(folder, name) for name in names if name.startswith(prefix) and name.endswith(PARTIAL)
    ]
