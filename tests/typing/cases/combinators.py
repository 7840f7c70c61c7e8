"""What the forms and combinators give, to a type checker."""

from typing import Any

from typing_extensions import assert_type

from headwater import (
    File,
    Handle,
    PartialTask,
    apply_func,
    apply_tags,
    as_task,
    catch,
    catch_all,
    compose,
    cond,
    const,
    delay,
    eval_,
    flat_map,
    flatten,
    force,
    get_context,
    identity,
    len_,
    map_,
    merge_handles,
    no_prov,
    seq,
    starmap,
    task,
    with_export_options,
    zip_,
)


@task
def inc(x: int) -> int:
    return x + 1


@task
def name(x: int) -> str:
    return str(x)


@task
def names(x: int) -> list[str]:
    return [str(x)]


@task
def is_odd(x: int) -> bool:
    return x % 2 == 1


@task
def instead(error: ValueError) -> str:
    return str(error)


@task
def by_default(error: Exception) -> None:
    return None


@task
def repaired(values: list[Any]) -> list[int]:
    return [0 if isinstance(value, Exception) else value for value in values]


# choices
assert_type(cond(is_odd(1), inc(1), inc(2)), int)
assert_type(cond(is_odd(1), inc(1), name(2)), "int | str")
assert_type(cond(is_odd(1), inc(1)), "int | None")
assert_type(cond(is_odd(1), inc(1), is_odd(2), name(2)), "int | str | None")
assert_type(cond(is_odd(1), inc(1), is_odd(2), name(2), names(3)), "int | str | list[str]")

# errors
assert_type(catch(inc(1), ValueError, instead), "int | str")
assert_type(catch(name(1), ValueError, instead), str)
assert_type(catch(inc(1), (ValueError, KeyError), by_default), "int | None")
assert_type(catch(inc(1), ValueError, instead, KeyError, by_default), "int | str | None")
assert_type(catch_all([inc(1), inc(2)]), list[int])
assert_type(catch_all([inc(1), inc(2)], ValueError, repaired), list[int])

# order
assert_type(seq([inc(1), inc(2)]), list[int])
assert_type(const(inc(1), name(2)), int)

# lists
assert_type(map_(inc, [1, 2]), list[int])
assert_type(map_(name, map_(inc, [1, 2])), list[str])
assert_type(map_(names.partial(), [1]), list[list[str]])
assert_type(starmap(name, [{"x": 1}, {"x": 2}]), list[str])
assert_type(starmap(name, [(1,), (2,)]), list[str])
assert_type(flatten([names(1), names(2)]), list[str])
assert_type(flat_map(names, [1, 2]), list[str])
assert_type(zip_([1], ["a"]), list[tuple[int, str]])
assert_type(zip_([inc(1)], ["a"], [1.5]), list[tuple[int, str, float]])

assert_type(len_(names(1)), int)
assert_type(with_export_options(names(1), {"cache": False}), list[str])
assert_type(no_prov(inc(1)), int)

# tags and handles
assert_type(apply_tags(inc(1), {"a": "b"}, job_tags=names(1)), int)


class Base(Handle):
    def __init__(self, name: str, path: str) -> None:
        self.path = path


@task
def changed(base: Base) -> Base:
    return base


assert_type(Base("name", "path"), Base)
assert_type(changed(Base("name", "path")).fork("a"), Base)
assert_type(merge_handles([changed(Base("name", "path")), changed(Base("name", "path"))]), Base)

# held back
assert_type(force(delay(inc(1))), int)

# functions and tasks
assert_type(identity(inc(1)), int)
assert_type(apply_func(len, "abc"), int)
assert_type(as_task(len)("abc"), int)
assert_type(compose(name, inc), PartialTask[str])
assert_type(compose(name, inc)(1), str)
assert_type(eval_("a + 1", a=inc(1)), Any)
assert_type(get_context("a.b", 1), Any)

# files
file = File("a.txt")
assert_type(file.path, str)
assert_type(identity(file), File)
