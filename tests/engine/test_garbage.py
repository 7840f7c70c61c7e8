"""Garbage is collected as often as before, whoever comes and goes in whatever order."""

from __future__ import annotations

import gc

from headwater.cypher.garbage import few_collections


def test_what_was_set_comes_back_when_the_last_one_left() -> None:
    before = gc.get_threshold()
    one, other = few_collections(), few_collections()
    one.__enter__()
    seldom = gc.get_threshold()
    other.__enter__()
    one.__exit__(None, None, None)
    assert seldom > before
    assert gc.get_threshold() == seldom
    other.__exit__(None, None, None)
    assert gc.get_threshold() == before
