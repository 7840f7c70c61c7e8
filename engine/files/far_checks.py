"""Whether many recorded files at URLs still are what they were: asked together, where their store can be asked so.

One question after the other, two thousand objects would take as long as two thousand ways there and back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from headwater.engine.files.address import local_path, open_filesystem
from headwater.engine.files.asking import ask_now
from headwater.engine.files.evidence import CONTENT, LISTINGS, PATH, by_info
from headwater.engine.files.identity import still_valid

Recorded = tuple[str, str, str]
"""path, evidence and digest"""
_AT_ONCE = 64
"""questions under way to one store; its client may allow fewer"""
_ALONE = LISTINGS | {CONTENT, PATH}
"""evidence that one question about the file does not give"""


def are_far(path: str, evidence: str) -> bool:
    """Whether a recorded file is one to ask a store about, together with others."""
    return "://" in path and evidence not in _ALONE and local_path(path) is None


def still_valid_far(recorded: Sequence[Recorded]) -> list[bool]:
    """For each of these, what `identity.still_valid` would say."""
    stores: dict[int, tuple[Any, list[tuple[int, str]]]] = {}
    answers: dict[int, bool] = {}
    for index, (url, evidence, _) in enumerate(recorded):
        if not are_far(url, evidence):
            continue
        try:
            files, path = open_filesystem(url)
        except Exception:
            answers[index] = False
            continue
        if getattr(files, "async_impl", False):
            stores.setdefault(id(files), (files, []))[1].append((index, path))
    for files, wanted in stores.values():
        for (index, _), info in zip(wanted, _infos(files, [path for _, path in wanted]), strict=True):
            found = by_info(info) if isinstance(info, dict) and info.get("type") != "directory" else None
            if found is not None:
                answers[index] = found[:2] == recorded[index][1:]
    # What failed, or is gone, or needs a second look, is looked at as ever.
    return [answers[i] if i in answers else still_valid(*one) for i, one in enumerate(recorded)]


def _infos(files: Any, paths: list[str]) -> Iterable[Any]:
    """What a store says of each path, or the error that it answers."""
    from fsspec.asyn import sync

    async def ask_all() -> list[Any]:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def ask(path: str) -> Any:
            async with gate:
                return await ask_now(files, path)

        return await asyncio.gather(*map(ask, paths), return_exceptions=True)

    found: list[Any] = sync(files.loop, ask_all)
    return found
