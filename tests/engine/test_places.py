"""Places of expressions in a result: links that may be as long as memory allows."""

from __future__ import annotations

import subprocess
import sys

from headwater.engine.places import Place, in_order


def test_the_order_is_that_in_which_they_are_written() -> None:
    form, other = Place(None, 0, 1), Place(None, 0, 3)
    places = [Place(other, 1, 0), Place(None, 0, 2), Place(form, 2, 0), Place(None, 0, 0), Place(form, 1, 1)]
    assert in_order(places, range(5)) == [3, 4, 2, 1, 0]


def test_a_link_may_be_as_long_as_memory_allows() -> None:
    script = """
from headwater.engine.places import Place, in_order
place = None
for n in range(300_000):
    place = Place(place, 0, n)
assert in_order([place], [0]) == [0]
del place
"""
    # In a process of its own: what goes too deep ends it.
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
