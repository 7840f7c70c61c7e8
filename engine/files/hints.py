"""What to do next where the system refuses a path of this machine."""

from __future__ import annotations

import errno

_HINTS = {
    errno.ENOENT: "see whether its name is right, and whether what makes it has run",
    errno.EISDIR: "name a file in it, or take it as a Dir",
    errno.ENOTDIR: "a part of the path is a file; move that away, or choose another folder",
    errno.EEXIST: "a part of the path is a file; move that away, or choose another folder",
    errno.ELOOP: "its links lead to each other; remove one, or name the file itself",
    errno.ENAMETOOLONG: "choose a shorter one: most systems take 255 bytes for a name and 4,095 for a path",
    errno.EACCES: "whoever runs this needs leave: see ls -l of it, and of the folders above it",
    errno.ENOSPC: "make room there, or write elsewhere",
}


def explained(error: OSError) -> OSError:
    """An error of the system that says what to do next, beside the path, of the same class and number."""
    hint = _HINTS.get(error.errno or 0)
    if hint is None or error.filename is None or hint in str(error.strerror):
        return error
    return type(error)(error.errno, f"{error.strerror} ({hint})", error.filename)


class hinted:
    """Explain errors of the system."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise explained(error) from None
