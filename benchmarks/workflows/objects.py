"""W3 on S3: one object for each call, read by one task; and the same where one listing names them."""

from headwater import File, FileSet, task

headwater_namespace = "bench"


@task
def consume(file: File) -> int:
    return int(file.read())


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@task
def named(folder: str, n: int = 10) -> int:
    return total([consume(File(f"{folder}/{i}.txt")) for i in range(n)])


@task
def listed(folder: str) -> int:
    return total([consume(file) for file in FileSet(f"{folder}/*.txt")])
