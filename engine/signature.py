"""How calls fit a task's signature: bound once a definition, so that a positional call costs next to nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from headwater.engine.errors import CallError, TaskDefinitionError
from headwater.engine.nested import find_expressions

if TYPE_CHECKING:
    from headwater.engine.executors.upwards import Send
    from headwater.engine.home import Home
    from headwater.engine.job import Job
    from headwater.engine.loop import Run
    from headwater.engine.traceback import TaskFrame

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass
class JobInfo:
    """Ask for facts about the running job: give a parameter the default `JobInfo()`.

    The scheduler fills it in when the job runs. It never counts in the cache's key.
    """

    execution_id: str | None = None
    job_id: str | None = None
    eval_hash: str | None = None
    args_hash: str | None = None
    options: dict[str, Any] | None = None
    project: str | None = None
    """the project's `.headwater` folder; None outside any"""

    def executor(self, run: Run, job: Job) -> str:
        """Where the job is to run."""
        return job.options.get("executor", "default")  # type: ignore[no-any-return]

    def filled(self, info: JobInfo, run: Run, job: Job) -> JobInfo:
        """What stands in its place when the job runs."""
        return info

    @property
    def send(self) -> Send | None:
        """Takes what a run inside the job says."""
        return None

    @property
    def home(self) -> Home | None:
        """The project whose process is to run the job, where that is not the run's own."""
        return None

    @property
    def frames(self) -> Sequence[TaskFrame]:
        """The tasks inside the job's that lead to its failure."""
        return ()

    def stop(self) -> None:
        """The job was given up while it ran."""
        return

    def close(self) -> None:
        """The run ends."""
        return


_UNTOLD = JobInfo()


class Bound(msgspec.Struct):
    """A call's arguments, complete with defaults, in the one order that identifies the call."""

    names: Sequence[str]
    values: Sequence[Any]
    """(a call that is written as it is bound shares its own: there may be very many that wait)"""
    positional: int
    """how many of them, from the front, are handed over by position"""


class _Excluded(frozenset[str]):
    """Names of arguments that do not count, with those that a `**kwargs` takes which does not.

    Attributes:
        others: the parameters that may count, where no other names do; None where others do.
        rest: how the names of a `*args` begin, which counts by itself.
    """

    others: frozenset[str] | None = None
    rest: str | None = None

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        if self.others is None or name in self.others:
            return False
        return self.rest is None or not str(name).startswith(self.rest)


class Plan:
    """What is known of a signature before any call.

    Attributes:
        signature: the signature itself.
        excluded: names that do not count in the cache's key (`config_args`, `JobInfo` parameters).
        names: of the parameters that a plain call has, in the order of `Bound`.
        encoded: these, as they stand in a call's key.
        indexes: where each of them stands among these: of calls whose arguments are lazy throughout, one for all.
        takes_any_names: whether it has a `**kwargs`.
        lazy_defaults: the defaults with expressions in them, by their ids.
    """

    def __init__(self, function: Callable[..., Any], config_args: Sequence[str] = ()) -> None:
        try:
            self.signature = inspect.signature(function)
        except ValueError:
            name = getattr(function, "__name__", "")
            raise TaskDefinitionError(
                f"@task on {function!r}: Python does not say what it takes. Use as_task({name}), or put a function of "
                "your own around it"
            ) from None
        parameters = list(self.signature.parameters.values())
        self._front = [p for p in parameters if p.kind in _POSITIONAL]
        self._rest = next((p.name for p in parameters if p.kind is inspect.Parameter.VAR_POSITIONAL), None)
        self._only = [p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
        self._extra = next((p.name for p in parameters if p.kind is inspect.Parameter.VAR_KEYWORD), None)
        self.names = tuple(p.name for p in (*self._front, *self._only))
        self.encoded = tuple(f"{name}\0".encode() for name in self.names)
        self.indexes = tuple(range(len(self.names)))
        self._count = len(self._front)
        self._needed = sum(p.default is inspect.Parameter.empty for p in self._front)
        self._simple = not self._only
        self._has_rest = self._rest is not None
        self.takes_any_names = self._extra is not None
        self.info = frozenset(p.name for p in parameters if isinstance(p.default, JobInfo))
        self._asks_nothing = self._simple and not self.info
        self.excluded = _Excluded({*config_args, *self.info})
        if self._extra in self.excluded:
            self.excluded.others = frozenset(self.signature.parameters)
            self.excluded.rest = f"{self._rest}[" if self._has_rest else None
        self.lazy_defaults = frozenset(id(p.default) for p in parameters if find_expressions(p.default))

    def check(self, fullname: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Refuse a call that does not fit.

        Raises:
            CallError: with the task's name, signature and what is wrong.
        """
        if (
            not kwargs
            and self._asks_nothing
            and self._needed <= len(args)
            and (len(args) <= self._count or self._has_rest)
        ):
            return
        try:
            given = self.signature.bind(*args, **kwargs).arguments
            for name in self.info:
                if not isinstance(given.get(name, _UNTOLD), JobInfo):
                    raise TypeError(f"{name!r} is filled in when the job runs (JobInfo), and cannot be given")
        except TypeError as error:
            shown = [one for one in self.signature.parameters.values() if one.name not in self.info]
            raise CallError(f"{fullname}{self.signature.replace(parameters=shown)}: {error}") from None

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Bound:
        """A checked call's arguments with defaults filled in; keyword and positional spellings give the same."""
        if not kwargs and self._simple and len(args) == self._count and not self._has_rest:
            return Bound(self.names, args, self._count)
        bound = self.signature.bind(*args, **kwargs)
        given = bound.arguments
        front = [given.get(p.name, p.default) for p in self._front]
        rest = list(given.get(self._rest, ())) if self._rest else []
        names = [p.name for p in self._front]
        # Each has a place of its own in what is recorded; those that do not count are known by the parameter's name.
        names += [
            f"{self._rest}" if self._rest in self.excluded else f"{self._rest}[{i}]" for i in range(len(rest))
        ]
        keyword = [(p.name, given.get(p.name, p.default)) for p in self._only]
        keyword += sorted(given.get(self._extra, {}).items()) if self._extra else []
        names += [name for name, _ in keyword]
        return Bound(names, front + rest + [value for _, value in keyword], len(front) + len(rest))
