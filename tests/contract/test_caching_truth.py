"""A reused result equals the recomputed one, where it is hard: on both stores."""

from __future__ import annotations

from typing import Any

from headwater import catch
from tests.contract.conftest import Run, define

headwater_namespace = "caching_truth"


def test_a_failure_that_is_not_to_be_cached_is_tried_again_below_a_recovery(run: Run) -> None:
    ready: list[int] = []

    def risky(n: int) -> int:
        if not ready:
            raise ValueError("not yet")
        return n

    def parent(n: int) -> Any:
        return catch(define("risky", "1", risky, cache=False)(n), ValueError, define("zero", "1", zero))

    def zero(error: Exception) -> int:
        return 0

    root = define("recovering", "1", parent)
    assert run(root(1)) == 0
    ready.append(1)
    assert run(root(1)) == 1
