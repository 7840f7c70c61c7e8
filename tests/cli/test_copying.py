"""Many files that are copied at a time stop together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from headwater.cli._copying import Copies


class Long:
    """A file that takes a minute to copy."""

    recorded_size = None

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.is_copied = False

    def copy_bytes_to(self, target: Any, count: Callable[[int], None]) -> None:
        self.begun.set()
        for _ in range(6_000):
            count(1)
            time.sleep(0.01)
        self.is_copied = True


class Pairs(list[Any]):
    """Ctrl-C comes when the first is being copied, and the second is not yet begun."""

    def begins(self) -> Iterator[Any]:
        yield self[0]
        assert self[0][0].begun.wait(60)
        raise KeyboardInterrupt

    def __iter__(self) -> Iterator[Any]:
        return self.begins() if self[0][0].recorded_size is not None else super().__iter__()


def test_ctrl_c_while_the_first_are_begun_ends_those() -> None:
    first = Long()
    copies = Copies(Pairs([(first, None), (Long(), None)]), show=False)
    first.recorded_size = 1  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        copies.run()
    assert not first.is_copied
