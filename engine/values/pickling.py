"""Pickles of users' values: in them, what has a proxy is written as its proxy says, at whatever depth it lies."""

from __future__ import annotations

import io
import pickle
from contextlib import suppress
from typing import Any

from headwater.engine.values.deep import deep_dumps
from headwater.engine.values.own import PROXIES, as_spoken


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        return as_spoken(value)


def pickled(value: Any, aside: list[pickle.PickleBuffer] | None = None) -> bytes:
    """A pickle (protocol 5) of a value of any depth.

    Args:
        value: the value.
        aside: gets the large buffers, which are then not in the pickle (out of band, PEP 574).

    Raises:
        RecursionError: an object nested too deep contains itself where only one that exists before its parts could.
        Exception: whatever pickling one of its parts raises.
    """
    if not PROXIES:
        with suppress(TypeError):  # a memoryview, which needs the other one, or what cannot be pickled at all
            return _dumped(pickle.Pickler, value, aside)
    return _dumped(_Pickler, value, aside)


def _dumped(kind: type[pickle.Pickler], value: Any, aside: list[pickle.PickleBuffer] | None) -> bytes:
    out = io.BytesIO()
    if aside is not None:
        aside.clear()
    try:
        kind(out, 5, buffer_callback=None if aside is None else aside.append).dump(value)
    except RecursionError:
        if aside is not None:
            aside.clear()
        return deep_dumps(value)
    return out.getvalue()
