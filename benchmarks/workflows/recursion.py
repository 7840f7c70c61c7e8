"""W4: shared recursion, a tree without shared calls, a chain, and a tail recursion."""

from headwater import task

headwater_namespace = "bench"


@task
def add(a: int, b: int) -> int:
    return a + b


@task
def fib(n: int = 10) -> int:
    return n if n < 2 else add(fib(n - 1), fib(n - 2))


@task
def node(depth: int, path: int) -> int:
    return path if depth == 0 else add(node(depth - 1, 2 * path), node(depth - 1, 2 * path + 1))


@task
def tree(depth: int = 3) -> int:
    return node(depth, 1)


@task
def inc(x: int) -> int:
    return x + 1


@task
def chain(n: int = 10) -> int:
    x = 0
    for _ in range(n):
        x = inc(x)
    return x


@task
def tail(n: int = 10, sum: int = 0) -> int:
    return sum if n == 0 else tail(n - 1, sum + n)
