"""pydantic: models, identified by what their fields hold, whether it was given or is a default."""

from __future__ import annotations

import sys
from typing import Any

from headwater.engine.values import objects
from headwater.engine.values.names import type_name
from headwater.engine.values.scalars import text
from headwater.engine.values.walk import SEQUENCE, Frame, Plan, Walk, by_nothing


def model_plan(cls: type) -> Plan | None:
    """The plan for a class of models, or None for what else is made with pydantic, or takes itself apart."""
    model = sys.modules["pydantic"].BaseModel
    if not issubclass(cls, model) or cls.__getstate__ is not model.__getstate__:  # type: ignore[attr-defined]
        return None
    return objects.checked(_open_model)


def _open_model(value: Any, _: Walk) -> Frame:
    cls: type = type(value)
    parts = [
        objects.attributes(vars(value), objects.cached_names(cls)),
        objects.attributes(value.__pydantic_extra__ or {}),
        objects.attributes(value.__pydantic_private__ or {}),
    ]
    return Frame(b"H" + text(type_name(cls)), parts, SEQUENCE, by_nothing)
