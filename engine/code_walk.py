"""The walk from a function to everything of the user's own that it reads."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

from headwater.engine.code_annotations import annotations_of, own_names
from headwater.engine.code_bindings import Binding
from headwater.engine.code_changed import Statement, counting
from headwater.engine.code_classes import Stated, stands_in, statements_of
from headwater.engine.code_files import source_file_of
from headwater.engine.code_held import (
    Named,
    TooLarge,
    functions_in,
    has_attributes,
    held_by,
    own_function,
    scope_that_names,
)
from headwater.engine.code_imports import import_beside, import_from_locals, is_made, value_under
from headwater.engine.code_live import INSTEAD, MEMBERS, goes_on_with, live
from headwater.engine.code_origin import STDLIB, USER, origin_of_module
from headwater.engine.code_part import Part
from headwater.engine.code_reads import BLIND, CELL, GLOBAL, IMPORT, Read, reads_of
from headwater.engine.code_scope import (
    MISSING,
    MODULE_FACTS,
    Scope,
    binding_scope,
    cells_of,
    import_that_holds,
    imported_by,
    is_immutable,
    module_of,
    module_under,
    scope_of_function,
    scope_of_module,
    submodule,
)
from headwater.engine.code_source import Definition, SourceFile
from headwater.engine.code_text import function_text, stable

IsTask = Callable[[object], "Callable[..., Any] | None"]

_LATE = "imported when the code runs: an installed package, or not there"
_NO_CLASS = "the source of this class was not found: only its methods and bases count"


class Walk:
    """Finds the parts that belong to one function or class, each once, in the order of the names that lead to them."""

    def __init__(self, root: FunctionType | type, is_task: IsTask) -> None:
        self._is_task = is_task
        self._root = root
        self._numbers: dict[object, int] = {}
        self._parts: list[Part] = []
        self._pending: list[tuple[Part, Callable[[Part], None]]] = []
        self._kept: list[object] = []  # keys hold ids: keep what they belong to
        self.uncounted: dict[str, str] = {}
        self.reads: dict[tuple[int, str], tuple[Mapping[str, Any], str, object]] = {}
        """what was found under each global name that is read: (namespace, name, value)"""
        self.codes: list[tuple[FunctionType, CodeType]] = []

    def parts(self, *, as_held: bool = False) -> list[Part]:
        """The function or class itself first; as_held: as a variable that held it would count."""
        if isinstance(self._root, type):
            self._class_or_foreign(self._root)
        elif as_held:
            self._object(self._root.__qualname__, self._root)
        else:
            self._function(self._root, decorators=False)
        done = 0
        while done < len(self._pending):
            part, expand = self._pending[done]
            done += 1
            expand(part)
        return self._parts

    # -- making parts ------------------------------------------------------------------------------

    def _number(self, key: object, make: Callable[[], tuple[Part, Callable[[Part], None] | None]]) -> str:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._parts)
            part, expand = make()
            self._parts.append(part)
            if expand is not None:
                self._pending.append((part, expand))
        return str(number)

    def _function(self, func: FunctionType, *, decorators: bool = True) -> str:
        def make() -> tuple[Part, Callable[[Part], None]]:
            self.codes.append((func, func.__code__))
            text, missing = function_text(func, decorators=decorators)
            name = f"{func.__module__}.{func.__code__.co_name if decorators else func.__qualname__}"
            if missing:
                self.uncounted[name] = missing
            code = func.__code__
            part = Part("function", name, text, f"{code.co_filename}:{code.co_firstlineno}")
            return part, lambda part: self._expand_function(part, func, decorators)

        return self._number(("function", id(func)), make)

    def _expand_function(self, part: Part, func: FunctionType, decorators: bool) -> None:
        scope = scope_of_function(func)
        source = source_file_of(func.__code__)
        node = source.function(func.__code__) if source else None
        self._read_all(part, scope, func.__code__, node, cells=cells_of(func))
        if node is not None and source is not None:
            read_at_definition = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
            if decorators:
                read_at_definition += node.decorator_list
            for expression in read_at_definition:
                # of a function inside another, they may be variables of that one
                self._read_all(part, scope, source.code(expression), loose=node.col_offset > 0)
            self._read_annotations(part, scope, node)
            for inner in source.definitions_within(node):
                if isinstance(inner, ast.ClassDef):
                    self._read_annotations(part, scope, inner)
        defaults = list(enumerate(func.__defaults__ or ())) + sorted((func.__kwdefaults__ or {}).items())
        for name, value in defaults:
            if is_immutable(value) or isinstance(value, FunctionType | type):
                self._edge(part, f"default {name}", self._object(f"{part.name}.{name}", value, "default"))
        wrapped = getattr(func, "__wrapped__", None)
        if isinstance(wrapped, FunctionType):
            self._edge(part, "__wrapped__", self._object(part.name, wrapped))

    def _class(self, cls: type, note: str = _NO_CLASS) -> str:
        """A class as it is now: its methods and bases. Beside them its statement, where it is to be found and no name
        of its module counts for it."""

        def make() -> tuple[Part, Callable[[Part], None]]:
            self._kept.append(cls)
            found = statements_of(cls) if note else None
            name = f"{cls.__module__}.{cls.__qualname__}"
            if note and found is None:
                self.uncounted[name] = note
            text = "class" if found is None else "\n".join(map(found.source.text, found.nodes))
            return Part("class", name, text, str(cls.__module__)), lambda part: expand(part, found)

        def expand(part: Part, found: Stated | None) -> None:
            if found is not None:
                for node in found.nodes:
                    self._state(part, found.scope, found.source, node, loose=True)
            for base in cls.__bases__:
                if base is not object:
                    self._edge(part, f"base {base.__qualname__}", self._object(part.name, base))
            for name, member in sorted(vars(cls).items(), key=lambda item: item[0]):
                for func in functions_in(member):
                    self._edge(part, name, self._function(func))
                if is_immutable(member) and name not in MODULE_FACTS and not name.startswith("__"):
                    self._edge(part, name, self._value(f"{part.name}.{name}", "variable", member))

        return self._number(("class", id(cls)), make)

    def _value(self, name: str, kind: str, value: object) -> str:
        text = stable(value)
        return self._number((kind, name, text), lambda: (Part(kind, name, text, ""), None))

    def _bound(self, scope: Scope, name: str, bindings: list[Binding]) -> str:
        """A name of a module, by the statements that bind it, and by those that may change what it stands for."""
        source = scope.source_for(name)

        def make() -> tuple[Part, Callable[[Part], None]]:
            statements = counting(scope, name, bindings, self._is_task)
            texts = [one.source.text(node) for one in statements for node in one.nodes]
            last = bindings[-1]
            line = last.nodes[-1].lineno if last.nodes else 0  # type: ignore[attr-defined]
            part = Part(last.kind, f"{scope.name}.{name}", "\n".join(texts), f"{source.name}:{line}")
            return part, lambda part: expand(part, statements)

        def expand(part: Part, statements: list[Statement]) -> None:
            if name in source.globals_declared:
                self.uncounted[part.name] = (
                    "functions assign it too (`global`): only its module-level statements count"
                )
            self._live(part, scope, name, source, bindings)
            self._registered(part, scope, scope.values.get(name), source, bindings)
            for one in statements:
                for node in one.nodes:
                    if isinstance(node, ast.Import | ast.ImportFrom):
                        continue  # one that may fail, and decides by that
                    self._state(part, scope, one.source, node, loose=False)

        return self._number(("bound", source.name, name), make)

    def _live(self, part: Part, scope: Scope, name: str, source: SourceFile, bindings: list[Binding]) -> None:
        """Which of its statements gave a name its value, where they do not tell that by themselves."""
        value = scope.values.get(name, MISSING)
        found = live(source, bindings, value, scope.name, name)
        if found.how == INSTEAD:
            if found.note:
                self.uncounted[part.name] = found.note
            self._edge(part, "is", self._object(part.name, value, by_name=False))
        elif found.how == MEMBERS and isinstance(value, type):
            self._edge(part, "is", self._class(value, ""))
        elif found.how and name not in source.globals_declared:
            self._edge(part, "is", found.how)
        elif found.note:
            self.uncounted.setdefault(part.name, found.note)

    def _registered(
        self, part: Part, scope: Scope, value: object, source: SourceFile, bindings: list[Binding]
    ) -> None:
        """The functions and classes that a container or class holds, and that its statements do not name."""
        if isinstance(value, type) and not any(binding.kind == "class" for binding in bindings):
            return
        try:
            held = held_by(value, self._is_task)
            if not held:
                return
            named = Named(scope, source, bindings, value, self._is_task)
        except TooLarge:
            self.uncounted[part.name] = "too large to be looked through for functions that it holds"
            return
        for where, code in held:
            if not named.reach(code):
                self._edge(part, f"holds {where}", self._object(part.name, code))

    # -- resolving names ---------------------------------------------------------------------------

    def _edge(self, part: Part, name: str, target: str | None) -> None:
        if target is not None and (name, target) not in part.edges:
            part.edges.append((name, target))

    def _state(self, part: Part, scope: Scope, source: SourceFile, node: ast.AST, *, loose: bool) -> None:
        """What a statement reads, with the annotations in it; loose: as in `_read_all`."""
        self._read_all(part, scope, source.code(node), node, quiet=True, loose=loose)
        for inner in source.definitions_within(node):
            self._read_annotations(part, scope, inner)

    def _read_all(
        self,
        part: Part,
        scope: Scope,
        code: CodeType,
        node: ast.AST | None = None,
        *,
        cells: dict[str, object] | None = None,
        quiet: bool = False,
        loose: bool = False,
    ) -> None:
        """quiet: say nothing of missing names that the code itself assigns; loose: of any."""
        everything = reads_of(code)
        imports = [read for read in everything.reads if read.how == IMPORT]
        made = import_from_locals(scope, node) if imports and node is not None else []
        for read in everything.reads:
            label = ".".join((read.root, *read.attrs))
            if read.how == CELL:
                if cells and read.root in cells:
                    self._edge(part, label, self._cell(part, read, cells[read.root]))
            elif read.how == GLOBAL and read.root not in MODULE_FACTS:
                missing = loose or (quiet and read.root in everything.stored)
                self._edge(part, label, self._global(scope, read.root, read.attrs, missing))
        # all are imported before one is looked at: what is found must not depend on what was imported already
        modules = [(read, imported_by(scope, read)) for read in imports]
        for maker, path in made:
            label = f"import {maker.__name__} {'.'.join(path)}"
            self._edge(part, label, self._module(maker.__name__, path, maker.__name__))
        for read, module in modules:
            self._local_import(part, scope, read, module, everything.names)

    def _global(self, scope: Scope, name: str, attrs: tuple[str, ...], loose: bool = False) -> str | None:
        if not loose:
            import_beside(scope, name)
        value = self._look(scope.values, name)
        task = self._task(value, attrs)
        bindings = scope.bindings(name)
        if task is not None and not any(binding.kind == "constant" for binding in bindings):
            return task
        statements = [binding for binding in bindings if binding.kind != "import"]
        imports = [binding for binding in bindings if binding.kind == "import"] + scope.star_imports(name)
        if statements:
            found = [self._bound(scope, name, statements), task]
            if task is None and imports:
                found.append(self._imported_too(scope, name, attrs, imports, statements))
            if task is None and isinstance(value, ModuleType) and attrs:
                found.append(self._module(value.__name__, attrs, name))
            return " ".join(dict.fromkeys(filter(None, found)))
        if imports:
            return self._imported(*import_that_holds(scope, name, imports, value), attrs, name)
        if value is MISSING:
            if name in scope.builtins:
                if name in BLIND:
                    self.uncounted[name] = BLIND[name]
            elif not loose:
                self.uncounted[f"{scope.name}.{name}"] = "there is no such name (yet)"
            return None
        if isinstance(value, ModuleType):
            return self._module(value.__name__, attrs, name)
        # what code made at run time has put there; of what may have changed since, only a notebook's is taken
        fixed = scope.source is None or (name not in scope.source.globals_declared and is_immutable(value))
        return self._object(f"{scope.name}.{name}", value, "constant" if fixed else "")

    def _look(self, values: Mapping[str, Any], name: str) -> object:
        """What stands under a global name now: the fingerprint holds as long as that does."""
        value = values.get(name, MISSING)
        self.reads[id(values), name] = values, name, value
        return value

    def _task(self, value: object, attrs: tuple[str, ...]) -> str | None:
        func = None if value is MISSING else self._is_task(value)
        if func is None:
            return None
        if attrs[:1] == ("func",) and isinstance(func, FunctionType):
            return self._function(func, decorators=False)
        home = "" if func.__module__ == self._root.__module__ else func.__module__
        return f"task {home}.{func.__qualname__}"

    def _imported(self, module: str, attr: str | None, attrs: tuple[str, ...], name: str) -> str | None:
        return self._module(module, attrs if attr is None else (attr, *attrs), name)

    def _imported_too(
        self,
        scope: Scope,
        name: str,
        attrs: tuple[str, ...],
        imports: list[Binding],
        statements: list[Binding],
    ) -> str | None:
        """What an import gave that stands beside other statements for the same name, if it is the user's own, and they
        left it (`try: from a import f … except ImportError: f = None`) or go on with it (`f = cached(f)`)."""
        value = scope.values.get(name, MISSING)
        one = import_that_holds(scope, name, imports, value)
        module = module_of(one[0])
        if module is None or origin_of_module(module) != USER:
            return None
        held = module if one[1] is None else vars(module).get(one[1], MISSING)
        if held is value or goes_on_with(scope.source_for(name), name, statements):
            return self._imported(*one, attrs, name)
        return None

    def _module(self, name: str, attrs: tuple[str, ...], read_as: str) -> str | None:
        """What a path of attributes from a module leads to."""
        module = module_of(name)
        if module is None:
            self.uncounted[name] = "this module is not there"
            return f"missing {name}"
        whose = origin_of_module(module)
        if whose != USER:
            if whose != STDLIB:
                self.uncounted[name.partition(".")[0]] = whose
            elif name == "importlib" and attrs[:1] == ("import_module",):
                self.uncounted["importlib.import_module"] = BLIND["__import__"]
            return f"{whose} {'.'.join((name, *attrs[:1]))}"
        scope = scope_of_module(module)
        if not attrs:
            self.uncounted[name] = (
                f"the module is used as a whole, as {read_as}: what is read from it is not seen"
            )
            return f"module {read_as}"
        value = value_under(module, attrs[0])
        if is_made(module, attrs[0], scope):
            return self._made(name, scope, value, attrs, read_as)
        inner = submodule(module, attrs[0], scope)
        if inner is not None:
            return self._module(inner.__name__, attrs[1:], read_as)
        if scope.source is None and getattr(module, "__file__", None):
            self.uncounted[name] = "a compiled extension, or a module without its source"
            return f"module {read_as}"
        guard = ("visiting", name, attrs)
        if guard in self._numbers:
            self.uncounted[f"{name}.{attrs[0]}"] = "imported in a circle: what is read from it is not seen"
            return f"circle {name}"
        self._numbers[guard] = -1
        try:
            return self._global(scope, attrs[0], attrs[1:])
        finally:
            del self._numbers[guard]

    def _made(
        self, name: str, scope: Scope, value: object, attrs: tuple[str, ...], read_as: str
    ) -> str | None:
        """What a module gives by its `__getattr__`: that counts, and the code or the module that it gives."""
        found = [self._global(scope, "__getattr__", ())]
        if isinstance(value, ModuleType):
            found.append(self._module(value.__name__, attrs[1:], read_as))
        elif isinstance(value, FunctionType | type) or self._task(value, attrs[1:]) is not None:
            found.append(self._task(value, attrs[1:]) or self._object(f"{name}.{attrs[0]}", value))
        return " ".join(dict.fromkeys(filter(None, found)))

    def _local_import(
        self, part: Part, scope: Scope, read: Read, module: ModuleType | None, names: frozenset[str]
    ) -> None:
        """An import statement inside a function."""
        name = binding_scope(scope, Binding("import", (), read.root, None, read.level))[0]
        if module is None:
            self.uncounted[name.partition(".")[0]] = _LATE
            return
        if origin_of_module(module) != USER:
            # no edge: whether it has been imported already must not matter
            if origin_of_module(module) != STDLIB:
                self.uncounted[name.partition(".")[0]] = _LATE
            return
        for attr in read.attrs:
            inner = module_under(module, attr)
            if inner is None or origin_of_module(inner) != USER:
                self._edge(part, f"import {name} {attr}", self._module(name, (attr,), name))
            else:
                self._mentioned(part, inner, names)
        if not read.attrs:
            self._mentioned(part, module, names)
            top = module_of(name.partition(".")[0])
            if top is not None and top is not module:  # `import pkg.sub` gives the code `pkg`
                self._mentioned(part, top, names, whole=False)

    def _mentioned(
        self, part: Part, module: ModuleType, names: frozenset[str], *, whole: bool = True
    ) -> None:
        """Of a module in a local variable: every name that the code mentions and the module binds, and so on in the
        modules that are found under such names. whole: note it where nothing of it counts."""
        pending, seen = [module], [module]
        found = any(label.startswith(f"import {module.__name__} ") for label, _ in part.edges)
        while pending:
            one = pending.pop()
            for name in sorted(names & scope_of_module(one).public_names()):
                held = module_under(one, name)
                if held is None or origin_of_module(held) != USER:
                    found = True
                    label = f"import {one.__name__} {name}"
                    self._edge(part, label, self._module(one.__name__, (name,), one.__name__))
                elif held not in seen:
                    seen.append(held)
                    pending.append(held)
        if whole and not found:
            self._module(module.__name__, (), module.__name__)

    def _cell(self, part: Part, read: Read, value: object) -> str | None:
        if value is MISSING:
            return None
        task = self._task(value, read.attrs)
        if task is not None:
            return task
        if isinstance(value, ModuleType):
            return self._module(value.__name__, read.attrs, read.root)
        return self._object(f"{part.name}.{read.root}", value, "variable")

    def _object(self, name: str, value: object, kind: str = "", *, by_name: bool = True) -> str | None:
        """A run-time object whose binding statement is not known; kind: what an immutable one counts as; by_name:
        whether a function may count by the statements for its own name."""
        task = self._task(value, ())
        if task is not None:
            return task
        if isinstance(value, FunctionType):
            own = own_function(value)
            named = by_name and own is not None and (own is not value or has_attributes(value))
            scope = scope_that_names(value, self._is_task) if named else None
            if scope is not None:
                return self._global(scope, value.__name__, ())
            if own is not None:
                return self._function(own)
            self._uncounted_foreign(value)
            return f"other {value.__module__}.{value.__qualname__}"
        if isinstance(value, type):
            return self._class_or_foreign(value)
        if isinstance(value, ModuleType):
            return self._module(value.__name__, (), name)
        wrapped = getattr(value, "__wrapped__", None)
        if isinstance(wrapped, FunctionType):
            return self._object(name, wrapped)
        if isinstance(value, BuiltinFunctionType):
            return f"other {value.__module__}.{value.__qualname__}"
        if kind and is_immutable(value):
            return self._value(name, kind, value)
        self.uncounted[name] = (
            f"a {type(value).__name__}, which may change"
            if kind
            else f"a {type(value).__name__} that no statement at the top level of its module assigns"
        )
        return "object"

    def _class_or_foreign(self, cls: type) -> str | None:
        module = module_of(cls.__module__)
        if module is not None and origin_of_module(module) != USER:
            self._uncounted_foreign(cls)
            return f"other {cls.__module__}.{cls.__qualname__}"
        top = cls.__qualname__.partition(".")[0]
        if module is not None and (top == cls.__qualname__ or stands_in(module, cls)):
            scope = scope_of_module(module)
            if any(binding.kind == "class" for binding in scope.bindings(top)):
                return self._global(scope, top, ())
        return self._class(cls)

    def _uncounted_foreign(self, value: FunctionType | type) -> None:
        module = module_of(value.__module__)
        whose = origin_of_module(module) if module is not None else ""
        if whose not in ("", USER, STDLIB):
            self.uncounted[value.__module__.partition(".")[0]] = whose

    def _read_annotations(self, part: Part, scope: Scope, node: Definition) -> None:
        """What annotations name of the user's own: classes, whose methods get the arguments, and all that a library
        finds which reads annotations itself."""
        label = "attribute" if isinstance(node, ast.ClassDef) else "parameter"
        for annotation in annotations_of(node):
            for path in own_names(scope, annotation, self._look, self._is_task):
                self._edge(part, f"{label} {'.'.join(path)}", self._global(scope, path[0], path[1:]))
