"""Where calls run: executors by name, each made when the first call needs it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from headwater.engine.errors import UnknownExecutor
from headwater.engine.executors.base import Completed, Executor, Outcome, Prepare, perform, prepare_for
from headwater.engine.executors.threads import ThreadExecutor

if TYPE_CHECKING:
    from headwater.engine.config import Config

__all__ = ["Completed", "Executor", "Executors", "Outcome", "Prepare", "perform", "prepare_for"]


class Executors:
    """The executors of one run."""

    def __init__(self, config: Config) -> None:
        self._settings = config.executors
        self._made: dict[str, Executor] = {}

    def start(self, prepare: Prepare, completed: Completed) -> None:
        """Note whom the executors are to tell."""
        self._prepare, self._completed = prepare, completed

    def get(self, name: str) -> Executor:
        """The executor of that name.

        Raises:
            UnknownExecutor: there is none; the message has the nearest name.
        """
        made = self._made.get(name)
        if made is None:
            settings = self._settings.get(name)
            if settings is None:
                near = difflib.get_close_matches(name, self._settings, 1)
                hint = (
                    f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(self._settings))}."
                )
                raise UnknownExecutor(f"no executor is called {name!r}. {hint}")
            if settings.type == "process":
                from headwater.engine.executors.processes import ProcessExecutor

                made = ProcessExecutor(name, settings.workers)
            else:
                made = ThreadExecutor(name, settings.workers)
            made.start(self._prepare, self._completed)
            self._made[name] = made
        return made

    def runs_threads(self, name: str) -> bool:
        """Whether calls of that executor run on threads of this process."""
        return self._settings[name].type == "thread"

    def stop(self, *, wait: bool) -> None:
        """End them all."""
        for executor in self._made.values():
            executor.stop(wait=wait)
        self._made.clear()
