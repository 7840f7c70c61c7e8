"""How many random workflows a property is tried on: a number of its own, or as many as `make properties N=…` says.

Everything under `@tries` runs then, and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

_ASKED = os.environ.get("HEADWATER_WORKFLOWS")


def tries(usual: int) -> Callable[[Any], Any]:
    """Decorates a property of random workflows.

    Args:
        usual: of how many, unless another number is asked for.
    """
    chosen = settings(
        max_examples=int(_ASKED) if _ASKED else usual,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=set(Phase) - {Phase.explain},
    )

    def decorate(test: Any) -> Any:
        return pytest.mark.workflows(chosen(test))

    return decorate
