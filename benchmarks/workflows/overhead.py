"""W8: tasks that only wait, on threads, and tasks that only compute, on processes."""

from time import process_time, sleep

from headwater import task

headwater_namespace = "bench"


@task
def wait(i: int, seconds: float) -> int:
    sleep(seconds)
    return i


@task(executor="process")
def burn(i: int, seconds: float) -> int:
    end = process_time() + seconds
    while process_time() < end:
        pass
    return i


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@task
def sleeps(n: int = 20, seconds: float = 0.05) -> int:
    return total([wait(i, seconds) for i in range(n)])


@task
def burns(n: int = 2, seconds: float = 0.5) -> int:
    return total([burn(i, seconds) for i in range(n)])
