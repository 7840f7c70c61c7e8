"""Code that containers and classes hold at run time, and that no statement of theirs names: what was registered there
by a decorator, by `__init_subclass__`, by a call that fills a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from types import CodeType, FunctionType, MappingProxyType, MethodType, ModuleType

from headwater.engine.code_bindings import Binding
from headwater.engine.code_changed import changing
from headwater.engine.code_files import source_file_of
from headwater.engine.code_origin import USER, origin, origin_of_class, origin_of_path
from headwater.engine.code_reads import GLOBAL, reads_of
from headwater.engine.code_scope import MISSING, Scope, is_immutable, module_of, scope_of_module
from headwater.engine.code_source import SourceFile
from headwater.engine.code_text import stable
from headwater.engine.values.attributes import asked, attributes_of

Held = tuple[str, object]
"""Where it stands, and the function, class or task."""

_DEPTH = 3
_MOST = 10_000
_DEEPEST = 100
_PLAIN = {type(None), bool, int, float, complex, str, bytes}


class TooLarge(Exception):
    """There is too much in a container to look at each thing."""


def held_by(value: object, is_task: Callable[[object], object]) -> list[Held]:
    """The functions, classes and tasks in a dict, list, tuple or set, in such of these, and in an object or a class of
    the user's own; in an order that does not depend on when each was put there.

    Raises:
        TooLarge: see there.
    """
    if isinstance(value, FunctionType):
        return sorted(_implementations(value, is_task), key=_order)
    if type(value) in _PLAIN or isinstance(value, ModuleType):
        return []
    if isinstance(value, type):
        return sorted(_in_class(value, is_task), key=_order)
    if is_task(value) is not None:
        return []
    if type(value) in (dict, list, tuple, set, frozenset) or isinstance(value, (dict, list, set)):
        return sorted(_in_container("", value, is_task, _DEPTH), key=_order)
    if origin_of_class(type(value)) == USER:
        held: dict[str, object] = {}
        with suppress(Exception):  # a stand-in that has nothing to stand for yet
            held = attributes_of(value)
        return sorted(_in_container("", held, is_task, _DEPTH), key=_order)
    return []


def _order(held: Held) -> tuple[str, str]:
    where, value = held
    return where, f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"


def _in_container(
    where: str, value: object, is_task: Callable[[object], object], depth: int
) -> Iterator[Held]:
    pairs: list[tuple[str, object]]
    if isinstance(value, dict):
        items = list(dict.items(value))  # in one step: other threads may be adding to it
        if {type(one) for pair in items for one in pair} <= _PLAIN:
            return
        pairs = [(f"{where}[{_key(key)}]", item) for key, item in items[: _MOST + 1]]
        pairs += [(f"{where} key", key) for key, _ in items[: _MOST + 1] if type(key) not in _PLAIN]
    else:
        plain = list(value)  # type: ignore[call-overload]
        if set(map(type, plain)) <= _PLAIN:
            return
        ordered = isinstance(value, (list, tuple))
        pairs = [(f"{where}[{n if ordered else ''}]", item) for n, item in enumerate(plain[: _MOST + 1])]
    if len(pairs) > _MOST:
        raise TooLarge
    for place, item in pairs:
        if type(item) in _PLAIN:
            continue
        code = code_in(item, is_task)
        if code is not None:
            yield place, code
        elif isinstance(item, (dict, list, tuple, set, frozenset)) and depth > 1:
            yield from _in_container(place, item, is_task, depth - 1)


def _implementations(func: FunctionType, is_task: Callable[[object], object]) -> Iterator[Held]:
    """What other files have registered with a function of `functools.singledispatch`. (Of what its own has, the
    statements for its name tell.)"""
    registry = getattr(func, "registry", None)
    if not isinstance(registry, MappingProxyType):
        return
    files = {one.__code__.co_filename for one in put_around(func)}
    for kind, made in list(registry.items()):
        code = code_in(made, is_task)
        if code is not None and getattr(getattr(code, "__code__", None), "co_filename", "") not in files:
            # (A function may have a registry of its own, under other keys.)
            name = f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else _key(kind)
            yield f"[{name}]", code


def _in_class(cls: type, is_task: Callable[[object], object]) -> Iterator[Held]:
    for name, member in list(vars(cls).items()):
        for way in ("", "__func__", "fget", "fset"):
            held = asked(member, way) if way else member
            if isinstance(held, FunctionType) and is_own_code(held):
                yield f".{name}", held
        dispatcher = asked(member, "dispatcher")  # functools.singledispatchmethod
        if isinstance(dispatcher, FunctionType):
            yield from ((f".{name}{where}", code) for where, code in _implementations(dispatcher, is_task))
        if not name.startswith("__") and isinstance(member, (dict, list, tuple, set, frozenset)):
            yield from _in_container(f".{name}", member, is_task, _DEPTH)


def _key(key: object) -> str:
    if is_immutable(key):
        return stable(key)
    return str(getattr(key, "__qualname__", type(key).__qualname__))


def code_in(item: object, is_task: Callable[[object], object]) -> object | None:
    """The task, function or class that something is or stands for; None of anything else."""
    if isinstance(item, MethodType):
        item = item.__func__
    elif isinstance(item, partial):
        item = item.func
    if isinstance(item, type):
        return item if is_own_code(item) else None
    if is_task(item) is not None:
        return item
    return next((one for one in put_around(item) if is_own_code(one)), None)


def put_around(item: object) -> Iterator[FunctionType]:
    """A function, and those that it was put around, one after the other (`functools.wraps`); of an object that was put
    around one, that."""
    seen = 0
    while item is not None and seen < _DEEPEST:
        seen += 1
        if isinstance(item, FunctionType):
            yield item
        item = (asked(item, "__dict__") or {}).get("__wrapped__")


def own_function(func: FunctionType) -> FunctionType | None:
    """A function, if it is the user's own; of one that a library's decorator made (`contextlib.contextmanager`), the
    one that it was put around, if that is."""
    return next(filter(_is_users, put_around(func)), None)


def has_attributes(func: FunctionType) -> bool:
    """Whether somebody has put something on a function: a decorator that gives the function itself back, or a statement
    (`func.limit = 5`)."""
    return not vars(func).keys() <= {"__wrapped__"}


def scope_that_names(func: FunctionType, is_task: Callable[[object], object]) -> Scope | None:
    """The scope of the module whose statements bind a function, or what was put around it, under its name; where they
    are more than its `def`. (What it puts on itself when it runs is none of them.)"""
    module = module_of(func.__module__ or "")
    if module is None or all(one is not func for one in put_around(vars(module).get(func.__name__))):
        return None
    scope = scope_of_module(module)
    bindings = (one for one in scope.bindings(func.__name__) if one.kind != "import")
    found = [node for one in bindings for node in one.nodes[-1:]]
    told = len(found) > 1 or any(getattr(one, "decorator_list", True) for one in found)
    return scope if told or (found and changing(scope, func.__name__, is_task)) else None


def _is_users(func: FunctionType) -> bool:
    own = origin_of_path(func.__code__.co_filename) == USER
    return own and (func.__module__ or "").partition(".")[0] != "headwater"


def is_own_code(code: FunctionType | type) -> bool:
    """Whether it was written by the user: not by a library, nor by code that makes code, like dataclasses do."""
    if isinstance(code, FunctionType):
        file = code.__code__.co_filename
        own = not file.startswith("<") and origin(code.__module__ or "", file) == USER
        return own and source_file_of(code.__code__) is not None
    if origin_of_class(code) != USER:
        return False
    module = module_of(code.__module__)
    named = module is not None and any(
        binding.kind == "class" for binding in scope_of_module(module).bindings(code.__qualname__)
    )
    return named or any(is_own_code(one) for one in vars(code).values() if isinstance(one, FunctionType))


class Named:
    """What the statements that bind a name reach by themselves."""

    def __init__(
        self,
        scope: Scope,
        source: SourceFile,
        bindings: Sequence[Binding],
        value: object,
        is_task: Callable[[object], object],
    ) -> None:
        self._file = source.name
        self._value = value
        self._is_task = is_task
        self._ids = {id(value)}
        self._codes: set[CodeType] = set()
        self._lines: set[int] = set()
        for binding in bindings:
            for node in binding.nodes:
                self._lines.update(range(node.lineno, node.end_lineno + 1))  # type: ignore[attr-defined]
                for read in reads_of(source.code(node)).reads:
                    if read.how == GLOBAL and scope.values.get(read.root) is not value:
                        self._reach(_value_of(scope, read.root, read.attrs))

    def _reach(self, found: object) -> None:
        if found is self._value:
            return
        code = code_in(found, self._is_task)
        self._ids.add(id(found if code is None else code))
        if isinstance(code, FunctionType):
            pending = [code.__code__]
            while pending:
                one = pending.pop()
                self._codes.add(one)
                pending.extend(const for const in one.co_consts if isinstance(const, CodeType))
        elif not isinstance(found, type):
            self._ids.update(id(held) for _, held in held_by(found, self._is_task))

    def reach(self, code: object) -> bool:
        """Whether they name a function or class, stand around it, or made it."""
        if id(code) in self._ids:
            return True
        if isinstance(code, type):
            inside = f"{getattr(self._value, '__qualname__', '')}."
            return isinstance(self._value, type) and code.__qualname__.startswith(inside)
        while isinstance(code, FunctionType):
            made = code.__code__
            if id(code) in self._ids or made in self._codes:
                return True
            if made.co_filename == self._file and made.co_firstlineno in self._lines:
                return True
            code = getattr(code, "__wrapped__", None)
        return False


def _value_of(scope: Scope, root: str, attrs: tuple[str, ...]) -> object:
    value = scope.values.get(root, MISSING)
    for attr in attrs:
        if not isinstance(value, (ModuleType, type)):
            break
        value = vars(value).get(attr, MISSING)
    return value


def functions_in(member: object) -> Iterator[FunctionType]:
    """The functions that a member of a class holds: itself, a static or class method's, a property's, what an object
    was put around (`functools.lru_cache`)."""
    for held in (member, *(asked(member, way) for way in ("__func__", "fget", "fset", "func"))):
        yield from islice(put_around(held), 1)
