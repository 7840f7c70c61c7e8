"""Groups of what can reach each other, the strongly connected components of a graph: Tarjan's, without recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def components(starts: Iterable[int], after: Callable[[int], Iterable[int] | None]) -> list[list[int]]:
    """The groups of a graph, each behind all those that it leads to; in a group, in the order in which they were met.

    Args:
        starts: from which everything in the graph is reached.
        after: gives what one leads to, if it leads to any.
    """
    found: list[list[int]] = []
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    open_: list[int] = []
    is_open: set[int] = set()
    for start in starts:
        if start in number:
            continue
        number[start] = low[start] = len(number)
        open_.append(start)
        is_open.add(start)
        stack = [(start, iter(after(start) or ()))]
        while stack:
            one, following = stack[-1]
            for other in following:
                if other not in number:
                    number[other] = low[other] = len(number)
                    open_.append(other)
                    is_open.add(other)
                    stack.append((other, iter(after(other) or ())))
                    break
                if other in is_open and number[other] < low[one]:
                    low[one] = number[other]
            else:
                stack.pop()
                if stack and low[one] < low[stack[-1][0]]:
                    low[stack[-1][0]] = low[one]
                if low[one] == number[one]:
                    group = [open_.pop()]
                    while group[-1] != one:
                        group.append(open_.pop())
                    is_open.difference_update(group)
                    group.reverse()
                    found.append(group)
    return found
