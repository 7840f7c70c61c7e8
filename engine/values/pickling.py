"""Pickles of users' values: in them, what has a proxy is written as its proxy says, at whatever depth it lies, and what
the main program defines by the name that others import that by.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

from headwater.engine.values.by_name import as_written, may_name_main
from headwater.engine.values.deep import deep_dumps
from headwater.engine.values.own import PROXIES


class _Pickler(pickle.Pickler):
    seen: Callable[[Any], object] | None = None

    def reducer_override(self, value: Any) -> Any:
        if self.seen is not None:
            self.seen(value)
        return as_written(value)


def pickled(
    value: Any,
    aside: list[pickle.PickleBuffer] | None = None,
    seen: Callable[[Any], object] | None = None,
) -> bytes:
    """A pickle (protocol 5) of a value of any depth.

    Args:
        value: the value.
        aside: gets the large buffers, which are then not in the pickle (out of band, PEP 574).
        seen: is told each class, function and object in it that is none of Python's own containers and atoms; of a
            value that is nested too deep for pickle, those that it came to.

    Raises:
        RecursionError: an object nested too deep contains itself where only one that exists before its parts could.
        Exception: whatever pickling one of its parts raises.
    """
    put_aside = None if aside is None else aside.append
    try:
        if not PROXIES and seen is None:
            try:
                data = pickle.dumps(value, 5, buffer_callback=put_aside)
                if not may_name_main(data):
                    return data
            except TypeError as error:
                if "memoryview" not in str(error):
                    raise
            # The other one can.
            if aside is not None:
                aside.clear()
        out = io.BytesIO()
        pickler = _Pickler(out, 5, buffer_callback=put_aside)
        pickler.seen = seen
        pickler.dump(value)
        return out.getvalue()
    except RecursionError:
        if aside is not None:
            aside.clear()
        return deep_dumps(value)
