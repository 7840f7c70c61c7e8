"""headwater: lazy tasks, cached reductions, and the lineage of every result in a graph.

Everything a user needs is importable from here, and nowhere else. Names load on first use, so that
`headwater --help` does not pay for the engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from headwater._version import __version__

if TYPE_CHECKING:
    from headwater.engine.files.file import ContentFile, File
    from headwater.engine.task import task

_HOMES = {
    "ContentFile": "headwater.engine.files.file",
    "File": "headwater.engine.files.file",
    "task": "headwater.engine.task",
}

__all__ = ["ContentFile", "File", "__version__", "task"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'headwater' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
