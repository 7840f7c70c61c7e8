"""Where calls run: executors by name, each made when the first call needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.cypher.alike import most_alike
from headwater.engine.errors import CallError, UnknownExecutor
from headwater.engine.executors.base import Completed, Executor, Outcome, Prepare, perform, prepare_for
from headwater.engine.executors.threads import ThreadExecutor
from headwater.engine.slips import Slips

if TYPE_CHECKING:
    from headwater.engine.config import Config, ExecutorSettings
    from headwater.engine.executors.coroutines import Ask, CoroutineExecutor
    from headwater.engine.job import Job

__all__ = ["Completed", "Executor", "Executors", "Outcome", "Prepare", "perform", "prepare_for"]


class Executors:
    """The executors of one run."""

    def __init__(self, config: Config) -> None:
        self._settings = config.executors
        self._slips = Slips(config.executors)
        self._made: dict[str, Executor] = {}
        self._coroutines: dict[str, CoroutineExecutor] = {}

    def start(self, prepare: Prepare, completed: Completed, ask: Ask) -> None:
        """Note whom the executors are to tell."""
        self._prepare, self._completed, self._ask = prepare, completed, ask

    def get(self, name: str) -> Executor:
        """The executor of that name.

        Raises:
            UnknownExecutor: there is none; the message has the nearest name.
        """
        made = self._made.get(name)
        if made is None:
            settings = self.settings_of(name)
            if settings.type == "process":
                from headwater.engine.executors.processes import ProcessExecutor

                made = ProcessExecutor(name, settings.workers)
            else:
                made = ThreadExecutor(name, settings.workers)
            made.start(self._prepare, self._completed)
            self._made[name] = made
        return made

    def of(self, job: Job) -> Executor:
        """The executor that a job was handed to."""
        return self._coroutines[job.executor] if job.task.is_async else self.get(job.executor)

    def check(self, name: str, is_async: bool, task: str) -> None:
        """Refuse an executor that nothing could run on anywhere. One of another name, which is not configured here, is
        refused when a call is to run on it: what is recorded can be had without it.

        Raises:
            UnknownExecutor: there is none of that name, and it is nearly that of one.
            CallError: the task is async, and the executor runs calls in processes.
        """
        settings = self._settings.get(name)
        if settings is None:
            if self._slips.meant(name) is not None:
                self.settings_of(name)
        elif settings.type != "thread" and is_async:
            raise CallError(
                f"{task} is an async task and cannot run on the executor {name!r}: its body asks the scheduler "
                "for what it awaits, in the same process. Leave it on threads, and give executor="
                f"{name!r} to the tasks that it awaits"
            )

    def settings_of(self, name: str) -> ExecutorSettings:
        """How the executor of that name is set up.

        Raises:
            UnknownExecutor: there is none; the message has the nearest name.
        """
        settings = self._settings.get(name)
        if settings is None:
            near = most_alike(name, self._settings, 1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(self._settings))}."
            raise UnknownExecutor(
                f"no executor is called {name!r}. {hint} Where it is another, headwater.ini needs [executors.{name}]."
            )
        return settings

    def where(self, name: str, is_async: bool) -> Executor:
        """Where a task runs that is to run on the executor of that name, which was checked.

        Raises:
            UnknownExecutor: there is none.
        """
        if not is_async:
            return self.get(name)
        made = self._coroutines.get(name)
        if made is None:
            self.settings_of(name)
            from headwater.engine.executors.coroutines import CoroutineExecutor

            made = self._coroutines[name] = CoroutineExecutor(name, self._ask)
            made.start(self._prepare, self._completed)
        return made

    def runs_threads(self, name: str) -> bool:
        """Whether calls of that executor run on threads of this process."""
        return self._settings[name].type == "thread"

    def stop(self, *, wait: bool) -> None:
        """End them all. Where the waiting is interrupted, they are ended without."""
        executors = [*self._coroutines.values(), *self._made.values()]
        self._made.clear()
        self._coroutines.clear()
        try:
            for executor in executors:
                executor.stop(wait=wait)
        except BaseException:
            for executor in executors:
                executor.stop(wait=False)
            raise
