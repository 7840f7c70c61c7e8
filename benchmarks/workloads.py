"""What is measured: workloads made of steps, each step one whole process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.engines import Engine, Peer, Pools

Prepare = Callable[[Engine, Path], None]


@dataclass(frozen=True)
class Step:
    """One command of an engine, in the folder where the steps before it ran.

    Attributes:
        name: what the table calls it.
        args: the command's arguments.
        expect: text that its output must hold: the right result. None where there is no result.
        tasks: calls that it asks for, for costs a task; 0 where that has no meaning.
        before: what is changed in the folder first, unmeasured.
    """

    name: str
    args: tuple[str, ...]
    expect: str | None = None
    tasks: int = 0
    before: Prepare | None = None


@dataclass(frozen=True)
class Workload:
    """A workflow and its steps, in a fresh folder for each engine and repeat."""

    name: str
    template: str
    steps: tuple[Step, ...]
    engines: tuple[type[Engine], ...] = (Engine, Peer)
    steps_of: dict[type[Engine], tuple[Step, ...]] = field(default_factory=dict)

    def steps_for(self, engine: Engine) -> tuple[Step, ...]:
        return self.steps_of.get(type(engine), self.steps)


def run(template: str, task: str, **args: object) -> tuple[str, ...]:
    """The arguments of a `run` command, which both engines read alike."""
    pairs = [part for name, value in args.items() for part in (f"--{name}", str(value))]
    return ("run", template, task, *pairs)


def change_one_file(engine: Engine, folder: Path) -> None:
    (folder / "files" / "7.txt").write_text("somebody was here", "utf-8")


def change_consume(engine: Engine, folder: Path) -> None:
    engine.write(folder, "files.py", ("return int(file.read())", "return int(file.read()) + 1"))


def start_store(engine: Engine, folder: Path) -> None:
    if type(engine) is Engine:
        engine.call(folder, "store", "start")


def stop_store(engine: Engine, folder: Path) -> None:
    engine.finish(folder)


def fan_out(n: int, *, log: bool = False, engines: tuple[type[Engine], ...] = (Engine, Peer)) -> Workload:
    args, expect = run("fanout.py", "main", n=n), str(n * (n + 1) // 2)
    steps = [Step("cold", args, expect, n + 2), Step("warm", args, expect, n + 2)]
    if log:
        steps.append(Step("log", ("log",)))
    return Workload(f"fan-out {n:,}", "fanout.py", tuple(steps), engines)


def files(n: int) -> Workload:
    args, expect = run("files.py", "main", n=n), n * (n - 1) // 2
    return Workload(
        f"{n:,} files",
        "files.py",
        (
            Step("cold", args, str(expect), 2 * n + 2),
            Step("warm", args, str(expect), 2 * n + 2),
            Step("one file changed", args, str(expect), 2 * n + 2, change_one_file),
            Step("code changed", args, str(expect + n), 2 * n + 2, change_consume),
        ),
    )


def recursion(
    name: str, task: str, result: int, engines: tuple[type[Engine], ...] = (Engine, Peer), **args: int
) -> Workload:
    step = run("recursion.py", task, **args)
    return Workload(
        name, "recursion.py", (Step("cold", step, str(result)), Step("warm", step, str(result))), engines
    )


def start_up() -> Workload:
    hello, moon = run("hello.py", "main"), run("hello.py", "main", name="moon")
    return Workload(
        "start-up",
        "hello.py",
        (
            Step("--version", ("--version",)),
            Step("--help", ("--help",)),
            Step("hello, store down", hello, "hello, world", before=stop_store),
            Step("hello, store up", moon, "hello, moon", before=start_store),
            Step("hello again", hello, "hello, world"),
        ),
    )


def overhead(task: str, n: int, seconds: float) -> Workload:
    args, expect = run("overhead.py", task, n=n, seconds=seconds), str(n * (n - 1) // 2)
    pools = Step("cold", ("pools.py", task, str(n), str(seconds)), f"done {n}", n)
    return Workload(
        f"{n} {task} of {seconds} s",
        "overhead.py",
        (Step("cold", args, expect, n),),
        (Engine, Peer, Pools),
        {Pools: (pools,)},
    )


def arrays(megabytes: int) -> Workload:
    args, expect = run("arrays.py", "main", megabytes=megabytes), str(megabytes * 1_000_000 // 8 + 5)
    return Workload(
        f"array of {megabytes} MB", "arrays.py", (Step("cold", args, expect), Step("warm", args, expect))
    )


def fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def workloads(*, quick: bool) -> list[Workload]:
    """All of them, at the sizes of the published table or at small ones."""

    def size(full: int, small: int) -> int:
        return small if quick else full

    def triangle(n: int) -> int:
        return n * (n + 1) // 2

    ours = (Engine,)
    depth = size(12, 4)
    leaves = sum(range(2**depth, 2 ** (depth + 1)))
    fib, deep, link, tail = size(20, 8), size(100_000, 500), size(2_000, 20), size(20_000, 30)
    return [
        start_up(),
        fan_out(size(1_000, 20)),
        fan_out(size(10_000, 50), log=True),
        fan_out(size(50_000, 200), engines=ours),
        files(size(2_000, 20)),
        recursion(f"fib({fib})", "fib", fibonacci(fib), n=fib),
        recursion(f"tree of depth {depth}", "tree", leaves, depth=depth),
        recursion(f"chain of {link:,}", "chain", link, n=link),
        recursion(f"chain of {deep:,}", "chain", deep, ours, n=deep),
        recursion(f"tail recursion of {tail:,}", "tail", triangle(tail), n=tail),
        recursion(f"tail recursion of {deep:,}", "tail", triangle(deep), ours, n=deep),
        overhead("sleeps", size(200, 20), 0.05),
        overhead("burns", size(16, 2), 0.5),
        arrays(size(100, 1)),
    ]
