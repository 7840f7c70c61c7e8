"""What both checkers have to refuse: each line that ends in `# error`, and no other."""

from headwater import PartialTask, catch, map_, no_such_name, run, task  # error


@task
def inc(x: int) -> int:
    return x + 1


@task
def shout(text: str, *, times: int = 1) -> str:
    return text.upper() * times


@task(version="1")
def with_options(x: int) -> str:
    return str(x)


@task
def instead(error: ValueError) -> int:
    return 0


no_such_name()
inc("1")  # error
inc()  # error
inc(1, 2)  # error
inc(y=1)  # error
inc(x=shout("a"))  # error
with_options("1")  # error
shout("a", 2)  # error
shout(text=inc(1))  # error
inc.options(cache=False)("1")  # error
inc.func("1")  # error
inc(1).upper()  # error
number: str = inc(1)  # error
text: int = run(shout("a"))  # error
part: PartialTask[str] = inc.partial(1)  # error
found: list[str] = map_(inc, [1])  # error
map_(inc, ["a"])  # error
catch(inc(1), KeyError, instead)  # error
catch(inc(1), ValueError)  # error
run(inc(1), no_option=True)  # error
