"""What async tasks look like to a type checker: `async def`, whose calls are awaited, or run."""

import asyncio

from typing_extensions import assert_type

from headwater import Rehearsal, Scheduler, evaluate, flat_map, map_, result_of, run, starmap, task


@task
async def fetch(name: str, tries: int = 3) -> bytes:
    return name.encode()


@task(limits=["network"], retries=2)
async def size(name: str) -> int:
    content = await fetch(name)
    assert_type(content, bytes)
    return len(content)


@task
def double(n: int) -> int:
    return 2 * n


@task
async def both(name: str) -> tuple[int, bytes]:
    assert_type(await size(name), int)
    found = await asyncio.gather(size(name), fetch(name))
    assert_type(found, tuple[int, bytes])
    waiting = asyncio.create_task(size(name))
    assert_type(await waiting, int)
    assert_type(await asyncio.wait_for(fetch(name, tries=1), 5), bytes)
    assert_type(await evaluate(size(name)), int)
    assert_type(await evaluate([size(name), size("b")]), list[int])
    assert_type(await evaluate(double(2)), int)
    assert_type(await evaluate(map_(size, ["a", name])), list[int])
    await double(2)  # error
    return found


@task
async def letters(word: str) -> list[str]:
    return list(word)


# a call has the parameters of the function
assert_type(fetch.func.__name__, str)
fetch()  # error
fetch(1)  # error
fetch("a", tries="b")  # error
fetch("a", times=1)  # error

# as an argument, it is its result
assert_type(result_of(size("a")), int)
assert_type(double(result_of(size("a"))), int)
assert_type(map_(double, [result_of(size("a")), double(1)]), list[int])
assert_type(starmap(size, [{"name": "a"}]), list[int])
assert_type(flat_map(letters, ["a"]), list[str])
double(size("a"))  # error
double(result_of(fetch("a")))  # error
result_of(double(1))  # error

# what runs it gives its result
assert_type(run(size("a")), int)
assert_type(run(both("a"), cache=False), tuple[int, bytes])
assert_type(run([size("a"), size("b")]), list[int])
assert_type(run(map_(size, ["a"])), list[int])
assert_type(run(double(2)), int)
assert_type(Scheduler().run(fetch("a"), keep_going=True), bytes)
assert_type(Rehearsal().run(fetch("a"), seed=1), bytes)
assert_type(run(size.options(timeout=1.0)("a")), int)
assert_type(map_(double, [1]), list[int])
