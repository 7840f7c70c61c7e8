"""W1, W2: one cheap task over many arguments, and their sum."""

from headwater import task

headwater_namespace = "bench"


@task
def inc(x: int) -> int:
    return x + 1


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@task
def main(n: int = 10) -> int:
    return total([inc(i) for i in range(n)])
