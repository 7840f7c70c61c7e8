"""What of a module runs only where it is the main program: `if __name__ == "__main__":`, and other ways to say that."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from headwater.engine.code_bindings import DEFINITION, Binding, known

_IMPORTED = {"__name__ == '__main__'": False, "'__main__' == __name__": False}
"""conditions, and what they come to where the module is imported"""
_BLOCKS = ("body", "orelse", "finalbody")

Given = Mapping[str, bool]


def told_apart(body: Sequence[ast.stmt], bindings: Mapping[str, Sequence[Binding]]) -> dict[str, bool]:
    """The conditions that tell whether a module is imported, as it writes them, and what they come to there; among them
    names that are given such a condition, once (`MAIN = __name__ == "__main__"`)."""
    given = dict(_IMPORTED)
    for one in body:
        if isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name):
            name, holds = one.targets[0].id, known(one.value, given)
            if holds is not None and len(bindings.get(name, ())) == 1:
                given[name] = holds
    return given


def never_run(body: Sequence[ast.stmt], given: Given) -> Iterator[Sequence[ast.stmt]]:
    """The blocks, and statements, that do not run where some conditions come to what is given."""
    for one in body:
        if isinstance(one, DEFINITION):
            continue
        if isinstance(one, ast.Expr) and known(one.value, given) is False:
            yield [one]  # __name__ == "__main__" and main()
        elif isinstance(one, ast.Match):
            for case in one.cases:
                guard = None if case.guard is None else known(case.guard, given)
                matches = _matches(one.subject, case.pattern, given)
                yield from [case.body] if False in (guard, matches) else never_run(case.body, given)
        else:
            holds = known(one.test, given) if isinstance(one, ast.If | ast.While) else None
            for name in _BLOCKS:
                block = getattr(one, name, ())
                never = holds is not None and isinstance(one, ast.If) and holds is (name == "orelse")
                never = never or (holds is False and name == "body")
                yield from ([block] if block else ()) if never else never_run(block, given)
            for handler in getattr(one, "handlers", ()):
                yield from never_run(handler.body, given)


def _matches(subject: ast.expr, pattern: ast.pattern, given: Given) -> bool | None:
    """Whether a subject matches a pattern; None where that is not known."""
    if isinstance(pattern, ast.MatchValue):
        test = ast.Compare(subject, [ast.Eq()], [pattern.value])
        return known(test, given)
    if isinstance(pattern, ast.MatchSingleton) and isinstance(pattern.value, bool):
        holds = known(subject, given)
        return None if holds is None else holds is pattern.value
    return None
