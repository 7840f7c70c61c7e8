"""Tasks: ordinary functions whose calls are lazy, cached and recorded."""

from __future__ import annotations

import hashlib
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, overload

from headwater.cypher.records import PROJECT
from headwater.cypher.sensitivity import OPTION
from headwater.engine.context import check_context, merged
from headwater.engine.errors import TaskDefinitionError, Undecodable
from headwater.engine.expression import Call
from headwater.engine.home import home
from headwater.engine.namespace import MODULE_VARIABLE, check_name, check_namespace, get_current_namespace
from headwater.engine.nested import find_expressions, substitute
from headwater.engine.options import (
    CONTEXT,
    DEFINITION,
    PRIVATE,
    check_definition,
    check_options,
    limits_of_reuse,
)
from headwater.engine.registry import get_task_registry
from headwater.engine.signature import Plan
from headwater.engine.values.names import find as find_name

if typing.TYPE_CHECKING:
    from headwater.engine.code import Fingerprint
    from headwater.engine.partial import PartialTask

P = ParamSpec("P")
R = TypeVar("R")


class _Code:
    """What was found out of a task's code; one for all its copies with other options."""

    __slots__ = ("hash", "own", "prints")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.hash: bytes | None = None
        self.own: Fingerprint | None = None
        self.prints: list[Fingerprint] = []


class Task(Generic[P, R]):
    """A function under `@task`.

    Calling it gives a lazy expression, typed as the function's own result, so that type checkers see an ordinary
    call. `task.func(...)` runs the function itself.

    Attributes:
        func: the function.
        body: what runs when the task is called: the function, or of a script task what makes its text a script.
        name, namespace, fullname: its identity; `fullname` is `namespace.name`, or the name alone.
        version: where given, it stands for the source in the hash.
        is_async: whether the function is an `async def`, whose body can await lazy values.
        nout: how many items its result has, where that is known; such calls can be unpacked.
        load_module: the module that a worker imports to find it.
        declassifies: how sensitive its results are at most, whatever it was given; None where it says nothing.
        signature: the function's.
        wrapped_task: the task that this one was put around (`wraps_task`), or None.
        inner_task: the one at the bottom of all that was put around it; itself where nothing was.
        records_below: whether the calls under it are recorded.
        joins_projects: whether it is called in one project and runs in another: it belongs to neither.
    """

    __reactive__ = True
    records_below = True
    joins_projects = False

    def __init__(
        self,
        func: Callable[P, R],
        *,
        name: str | None = None,
        namespace: str | None = None,
        version: str | None = None,
        script: bool = False,
        hash_includes: Sequence[Any] = (),
        source: str | None = None,
        config_args: Sequence[str] = (),
        load_module: str | None = None,
        declassifies: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        # What is no function of Python's has no source: then its version has to be given.
        has_version = callable(func) and (version is not None or source is not None)
        if not isinstance(func, FunctionType) and (not has_version or isinstance(func, (type, staticmethod))):
            raise TaskDefinitionError(f"@task is for functions, not for {func!r}{_instead(func)}")
        self.func: Callable[P, R] = func
        self.name = name if name is not None else getattr(func, "__name__", "")
        check_name(self.name)
        self.namespace = namespace_of(func, namespace)
        self.fullname: str = f"{self.namespace}.{self.name}" if self.namespace else self.name
        check_definition(
            f"task {self.fullname}",
            version=version,
            script=script,
            hash_includes=hash_includes,
            source=source,
            config_args=config_args,
            load_module=load_module,
            declassifies=declassifies,
        )
        self.version = version
        self.load_module = load_module or getattr(func, "__module__", "__main__")
        self.plan = Plan(func, config_args)
        # What help, notebooks and inspect.signature show of it is what the function says of itself.
        self.__doc__, self.__name__ = func.__doc__, self.name
        self.__signature__ = self.plan.signature
        for unknown in set(config_args) - set(self.plan.signature.parameters):
            raise TaskDefinitionError(
                f"task {self.fullname}: config_args names {unknown!r}, which is no parameter"
            )
        if list(self.plan.signature.parameters)[:1] in (["self"], ["cls"]):
            raise TaskDefinitionError(
                f"task {self.fullname}: methods cannot be tasks, because the object they belong to has no recorded "
                "identity. Make it a function that takes what it needs as arguments."
            )
        self.declassifies = declassifies
        self.config_args = tuple(config_args)
        self.hash_includes = list(hash_includes)
        self._source = source
        self.definition = check_options(options or {}, DEFINITION)
        self.script = bool(script)
        self.body: Callable[..., Any] = func
        if script:
            from headwater.engine.script import script_body

            self.body = script_body(func, self.definition)
        self.is_async = _is_async(func, script=script, fullname=self.fullname)
        self.lazy_definition = bool(find_expressions(self.definition))
        self.overrides: dict[str, Any] = {}
        self.nout: int | None = self.definition.pop("nout", None)
        if self.nout is None:
            self.nout = _items_of(func)
        self.wrapped_task: Task[Any, Any] | None = None
        self._code = _Code()

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        self.plan.check(self.fullname, args, kwargs)
        return Call(self, args, kwargs, self.overrides or None)  # type: ignore[return-value]

    def options(self, /, **options: Any) -> Task[P, R]:
        """The same task with other options at this call; see the reference for their names.

        Raises:
            TaskDefinitionError: an unknown option, or a value that cannot be.
        """
        return _with_overrides(self, {**self.overrides, **check_options(options)})

    def export_options(self, /, **options: Any) -> Task[P, R]:
        """The same task with other options at this call and, unless they say otherwise, at all calls under it.

        Raises:
            TaskDefinitionError: an unknown option, or a value that cannot be.
        """
        before = self.overrides.get("export_options", {})
        return self.options(export_options={**before, **check_options(options)})

    def update_context(self, context: Mapping[str, Any] | None = None, /, **names: Any) -> Task[P, R]:
        """The same task with other values in the context that it and all calls under it read (`get_context`).

        Args:
            context: a nested dict that is laid over the context; values may be lazy.
            **names: more of it, at the top.

        Raises:
            CallError: the context is no dict with texts for keys.
        """
        given = check_context(context, f"{self.fullname}.update_context({{}})")
        before = self.overrides.get(CONTEXT, {})
        return _with_overrides(self, {**self.overrides, CONTEXT: merged(merged(before, given), names)})

    def get_task_options(self) -> dict[str, Any]:
        """The options of a call, before those that its callers export; values are as they are checked."""
        return {**self.definition, **{k: v for k, v in self.overrides.items() if k not in PRIVATE}}

    def get_task_option(self, name: str, default: Any = None) -> Any:
        """One of the options; the default where it is not set."""
        return self.get_task_options().get(name, default)

    def has_task_option(self, name: str) -> bool:
        """Whether an option is set, by the definition or by `options`."""
        return name in self.get_task_options()

    def is_valid(self) -> bool:
        """Whether this is the task of its name as it is defined by now."""
        found = get_task_registry().find(self.fullname)
        return found is not None and found.hash == self.hash

    @property
    def signature(self) -> inspect.Signature:
        return self.plan.signature

    @property
    def inner_task(self) -> Task[Any, Any]:
        inner: Task[Any, Any] = self
        while inner.wrapped_task is not None:
            inner = inner.wrapped_task
        return inner

    def rename(self, namespace: str) -> None:
        """Move the task to another namespace; the registry has to be told."""
        check_namespace(namespace)
        self.namespace = namespace
        self.fullname = f"{namespace}.{self.name}" if namespace else self.name
        self._code = _Code()

    def partial(self, /, *args: Any, **kwargs: Any) -> PartialTask[R]:
        """The task with some of its arguments, to be called with the rest.

        Raises:
            CallError: they can never fit the signature.
        """
        from headwater.engine.partial import partial_of

        return partial_of(self, args, kwargs)

    @property
    def hash(self) -> bytes:
        """What identifies this version of the task (32 bytes): its name, with its source and all the code of the
        user's own packages that it reads, or with its `version`; `hash_includes`, `config_args` and what its definition
        says against reusing it (`cache`, `cache_scope`) count too. In a process that runs tasks of a project for
        others, so does the project: one that has the same name and code elsewhere is another."""
        known = self._code.hash
        if known is None:
            known = self._code.hash = self._digest(*self._code_parts())
        return known

    def hash_anew(self, look: Callable[[Callable[..., Any]], Fingerprint]) -> bytes:
        """Its hash by what its code is found to be at this moment, which is not kept.

        Args:
            look: finds it.
        """
        if self.version is not None or self._source is not None:
            return self._digest(*self._code_parts())
        return self._digest(b"code", look(self.func).digest)

    def _digest(self, *code: bytes) -> bytes:
        digest = hashlib.sha256(b"Task\0")
        for part in (self.fullname.encode(), *code, *self._include_parts()):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()

    def recompute_hash(self) -> None:
        """Forget the hash if names that the code reads stand for something else by now. A run asks for it when it
        begins, so that the hash is the same until the run ends."""
        if not all(print_.still_holds() for print_ in self._code.prints):
            self._code.clear()
        elif self.hash_includes:
            self._code.hash = None  # what they are is asked anew: it may have been defined again elsewhere

    def _code_parts(self) -> tuple[bytes, bytes]:
        if self.version is not None:
            return b"version", self.version.encode()
        if self._source is not None:
            return b"source", self._source.encode()
        return b"code", self.fingerprint.digest

    def _include_parts(self) -> list[bytes]:
        includes = sorted(map(self._include_hash, self.hash_includes))
        kind = [b"script"] if self.script else []
        config_args = (name.encode() for name in sorted(self.config_args))
        level = [OPTION.encode(), self.declassifies.encode()] if self.declassifies is not None else []
        parts = [*kind, *includes, b"config_args", *config_args, *level, *limits_of_reuse(self.definition)]
        project = self._project()
        return (
            parts if project is None else [*parts, PROJECT.encode(), project.encode(errors="surrogateescape")]
        )

    def _project(self) -> str | None:
        """The folder of the project that it counts as one of, where this process runs tasks for others."""
        here = home()
        return None if here is None or self.joins_projects else here.root

    def counted_options(self) -> dict[str, str]:
        """What of the definition counts in the hash and is recorded with it, as text."""
        options = {"config_args": ", ".join(self.config_args)} if self.config_args else {}
        if self.declassifies is not None:
            options[OPTION] = self.declassifies
        project = self._project()
        return options if project is None else {**options, PROJECT: project}

    def _include_hash(self, item: Any) -> bytes:
        from headwater.engine.code import fingerprint
        from headwater.engine.code_values import code_digest
        from headwater.engine.values import hash_and_files

        item = defined_now(item)
        if callable(item) and not isinstance(item, Task) and hasattr(item, "__code__"):
            return fingerprint(item, is_task=task_function).digest
        digest, inside = hash_and_files(item, f"{self.fullname}, hash_includes")
        codes = sorted(code_digest(code) for code in inside if isinstance(code, FunctionType | type))
        return hashlib.sha256(b"".join([digest, *codes])).digest() if codes else digest

    @property
    def fingerprint(self) -> Fingerprint:
        """What of the user's code counts in the hash, and what was seen but does not."""
        known = self._code.own
        if known is None:
            from headwater.engine.code import fingerprint

            known = self._code.own = fingerprint(self.func, is_task=task_function)
            self._code.prints.append(known)
        return known

    @property
    def source(self) -> str:
        """The function's source, without its decorators."""
        return self._source if self._source is not None else self.fingerprint.source

    def __canonical__(self) -> tuple[str, tuple[Any, ...]]:
        options = {name: getattr(value, "value", value) for name, value in self.overrides.items()}
        return "headwater.Task", (self.fullname, self.hash, options)

    def __reduce__(self) -> tuple[Any, ...]:
        return _recall, (self.fullname, self.hash, self.overrides)

    def __repr__(self) -> str:
        return f"Task({self.fullname})"


def defined_now(value: Any) -> Any:
    """A value with every task, function and class in it as it is defined by now: the one under its name, where that was
    run or imported again."""
    return substitute(value, lambda lazy: lazy, _under_its_name)


def _under_its_name(part: Any) -> Any:
    found = None
    if isinstance(part, Task):
        found = get_task_registry().find(part.fullname)
        return part if found is None else _with_overrides(found, part.overrides)
    if isinstance(part, FunctionType | type):
        found = find_name(part.__module__, part.__qualname__)
    return found if isinstance(found, FunctionType | type) else part


def task_function(thing: object) -> Callable[..., Any] | None:
    """The function of a task, or None for anything that is not one."""
    return thing.func if isinstance(thing, Task) else None


def _recall(fullname: str, task_hash: bytes, overrides: dict[str, Any]) -> Task[Any, Any]:
    """Unpickle a task as a value: valid only while the task is what it was.

    Raises:
        Undecodable: no such task any more, or its code changed.
    """
    found = get_task_registry().find(fullname)
    if found is None:
        raise Undecodable(f"the task {fullname} is not defined in this process")
    if found.hash != task_hash:
        raise Undecodable(f"the task {fullname} has changed")
    return _with_overrides(found, overrides)


def _with_overrides(found: Task[P, R], overrides: Mapping[str, Any] | None) -> Task[P, R]:
    if not overrides:
        return found
    copy: Task[P, R] = object.__new__(type(found))
    copy.__dict__.update(found.__dict__)
    copy.overrides = dict(overrides)
    copy.nout = copy.overrides.get("nout", found.nout)
    return copy


def _instead(func: object) -> str:
    """What to use where something that is no function was to become a task."""
    if isinstance(func, staticmethod):
        return ". Put @staticmethod above @task"
    if isinstance(func, (classmethod, property)):
        return ". Methods cannot be tasks: make it a function that takes what it needs as arguments"
    name = getattr(func, "__name__", "…")
    return f". Use as_task({name}), or put a function of your own around it" if callable(func) else ""


def _is_async(func: Callable[..., Any], *, script: bool, fullname: str) -> bool:
    """Whether a function is an `async def`.

    Raises:
        TaskDefinitionError: it gives its results one after the other, or is one that cannot be async.
    """
    if inspect.isasyncgenfunction(func) or inspect.isgeneratorfunction(func):
        raise TaskDefinitionError(
            f"task {fullname}: its function has a `yield`, and what that gives is used up by reading it. Return a "
            "list of the items instead"
        )
    found = inspect.iscoroutinefunction(func)
    if found and script:
        raise TaskDefinitionError(
            f"task {fullname}: script=True is for functions that return a script's text, and an `async def` runs. "
            "Let it await script(...) instead"
        )
    return found


def namespace_of(func: Callable[..., Any], given: str | None) -> str:
    """The namespace of a function that is made a task: as given, or its module's, or the one set for all.

    Raises:
        TaskDefinitionError: it is no namespace.
    """
    if given is not None:
        check_namespace(given)
        return given
    module = getattr(func, "__globals__", {}).get(MODULE_VARIABLE)
    if module is not None:
        check_namespace(module)
        return str(module)
    return get_current_namespace()


def _items_of(func: Callable[..., Any]) -> int | None:
    """How many items a `tuple[...]` or NamedTuple return annotation promises, or None."""
    returned = getattr(func, "__annotations__", {}).get("return")
    if isinstance(returned, str):
        if "uple" not in returned and not returned.replace(".", "").isidentifier():
            return None
        try:
            returned = eval(returned, getattr(func, "__globals__", {}))
        except Exception:
            return None
    if typing.get_origin(returned) is typing.Annotated:
        returned = typing.get_args(returned)[0]
    if isinstance(returned, type) and issubclass(returned, tuple) and hasattr(returned, "_fields"):
        return len(returned._fields)
    if typing.get_origin(returned) is tuple:
        args = typing.get_args(returned)
        return None if any(map(_is_any_number, args)) else len(args)
    return None


def _is_any_number(part: Any) -> bool:
    """Whether a part of `tuple[...]` stands for no fixed number of items: `...`, `*tuple[int, ...]`."""
    is_unpacked = (
        getattr(part, "__unpacked__", False) or getattr(typing.get_origin(part), "_name", "") == "Unpack"
    )
    return part is Ellipsis or is_unpacked


@overload
def task(func: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(
    *,
    name: str | None = None,
    namespace: str | None = None,
    version: str | None = None,
    script: bool = False,
    hash_includes: Sequence[Any] = (),
    source: str | None = None,
    config_args: Sequence[str] = (),
    load_module: str | None = None,
    declassifies: str | None = None,
    **options: Any,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def task(func: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a task, bare (`@task`) or with options (`@task(version="1")`).

    Args:
        name, namespace: its identity; default: the function's name, and the module's `headwater_namespace`, else the
            one set by `namespace()`.
        version: stands for the source in the task's hash, which then changes only when the version does.
        script: the function returns the text of a script (or a list, one word each), whose stdout is the result.
        hash_includes: further values, functions or tasks that count in the hash, in any order.
        source: the text to take for the source.
        config_args: parameters that do not count in the cache's key.
        load_module: the module a worker imports to find the task.
        declassifies: how sensitive its results are at most, whatever it takes: public, internal, confidential, personal
            or special. It counts in the task's hash.
        **options: nout, cache, cache_scope, check_valid, allowed_cache_results, executor, limits, prov, retries,
            retry_backoff, retry_on, timeout, tags.

    Raises:
        TaskDefinitionError: a name, option or value that cannot be; the message has the nearest match.
    """
    known = {name: options.pop(name) for name in list(options) if name in DEFINITION}

    def define(function: Callable[..., Any]) -> Task[..., Any]:
        made: Task[..., Any] = Task(function, options=options, **known)
        get_task_registry().add(made)
        return made

    return define if func is None else define(func)
