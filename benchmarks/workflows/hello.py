"""W6: the smallest workflow."""

from headwater import task

headwater_namespace = "bench"


@task
def greet(name: str) -> str:
    return f"hello, {name}"


@task
def main(name: str = "world") -> str:
    return greet(name)
