"""Asking a store what a path is now, whatever it said before.

Stores of objects are asked beside the listing that their client keeps, where that can be done: while the listing says
the same, it stays, and files that were listed together are opened without a question for each.
"""

from __future__ import annotations

import inspect
from typing import Any

from headwater.engine.files.evidence import by_info


def info_now(files: Any, path: str) -> dict[str, Any]:
    """What a file system of fsspec's says of a path now.

    Raises:
        FileNotFoundError: there is nothing.
        Exception: whatever its client raises of a store that does not answer.
    """
    if not _can_refresh(type(files)):
        files.invalidate_cache(path)
        return files.info(path)  # type: ignore[no-any-return]
    from fsspec.asyn import sync

    found: dict[str, Any] = sync(files.loop, ask_now, files, path)
    return found


async def ask_now(files: Any, path: str) -> dict[str, Any]:
    """The same of one that is asked on an event loop."""
    if not _can_refresh(type(files)):
        files.invalidate_cache(path)
        return await files._info(path)  # type: ignore[no-any-return]
    is_known = False
    try:
        info: dict[str, Any] = await files._info(path, refresh=True)
        is_known = _is_listed(files, path, info)
    finally:
        if not is_known:
            files.invalidate_cache(path)
    return info


def _can_refresh(kind: type) -> bool:
    """Whether file systems of a class can be asked beside the listings that they keep."""
    asks = getattr(kind, "_info", None)
    return asks is not None and "refresh" in inspect.signature(asks).parameters


def _is_listed(files: Any, path: str, info: dict[str, Any]) -> bool:
    """Whether the listing that a file system keeps of the folder says the same."""
    try:
        listed = files._ls_from_cache(path) or ()
    except FileNotFoundError:
        return False
    return any(entry["name"] == info["name"] and by_info(entry) == by_info(info) for entry in listed)
