"""W3: one file for each argument, written by one task and read by another."""

from headwater import File, task

headwater_namespace = "bench"


@task
def make(i: int) -> File:
    file = File(f"files/{i}.txt")
    file.write(str(i))
    return file


@task
def consume(file: File) -> int:
    return int(file.read())


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@task
def main(n: int = 10) -> int:
    return total([consume(make(i)) for i in range(n)])
