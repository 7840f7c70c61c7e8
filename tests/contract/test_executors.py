"""What every executor must do, whatever runs the calls."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from headwater.engine.executors.upwards import TO_PARENT
from headwater.engine.values import hash_value
from hypothesis import HealthCheck, given, settings

from headwater import File, Scheduler, UnknownExecutor, Unrecordable, WorkerDied, catch, catch_all, seq, task
from tests.engine.workflows import Box, Unlucky, build, checked, descriptions, plain
from tests.waiting import wait_for

headwater_namespace = "contract"


@pytest.fixture(params=["default", "process"])
def executor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler(record=False)


@dataclass
class Sample:
    name: str
    values: list[float]


class Awkward(Exception):
    """An exception that pickle cannot bring back."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__(f"{left} and {right}")
        self.left = left
        self.lock = threading.Lock()


@task
def echo(value: Any) -> Any:
    return value


@task
def where() -> tuple[int, str]:
    return os.getpid(), threading.current_thread().name


@task
def doubled(values: list[int], *, factor: int = 2) -> Any:
    return [echo(value * factor) for value in values]


@task
def fail(error: Any) -> Any:
    raise error


@task
def str_of_all(values: list[Any]) -> list[str]:
    return [str(value) for value in values]


class Picky(Exception):
    """An exception that pickle brings back in the process that raised it, and in no other."""

    def __init__(self, home: int) -> None:
        if home != os.getpid():
            raise KeyboardInterrupt("only there")
        super().__init__(home)


@task
def picky() -> None:
    raise Picky(os.getpid())


@task
def awkward() -> None:
    raise Awkward(1, 2)


@task
def hidden() -> None:
    class Hidden(Exception):
        pass

    raise Hidden(3)


@task
def unrecordable() -> Any:
    return {"lock": threading.Lock()}


@task
def recovered(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


@task
def together(n: int, folder: str) -> bool:
    """Whether the other one begins before this one ends."""
    Path(folder, str(n)).touch()
    wait_for(Path(folder, str(1 - n)).exists, 60)
    return True


class Unreadable:
    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


@task(executor="process")
def babbling(readable: bool, n: int) -> int:
    """Says what nobody waits for, or what nobody can take up, and then gives a result."""
    TO_PARENT[0]("records", None if readable else Unreadable())
    return n


@task
def leave(code: int) -> None:
    os._exit(code)


@task
def exits() -> None:
    sys.exit("enough")


def test_values_of_every_shape_come_back_as_they_were(scheduler: Scheduler, executor: str) -> None:
    values = [
        None,
        1,
        "ü",
        b"\0",
        1.5,
        [1, (2, {3})],
        {"a": Sample("s", [1.0])},
        Box(1),
        ValueError("v").args,
    ]
    assert scheduler.run([echo.options(executor=executor)(value) for value in values]) == values


def test_it_runs_elsewhere_than_the_loop(scheduler: Scheduler, executor: str) -> None:
    pid, thread = scheduler.run(where.options(executor=executor)())
    assert (pid == os.getpid()) is (executor == "default")
    assert executor == "process" or thread.startswith("headwater-")


def test_expressions_that_a_task_returns_are_reduced(scheduler: Scheduler, executor: str) -> None:
    assert scheduler.run(doubled.options(executor=executor)([1, 2], factor=3)) == [3, 6]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(descriptions)
def test_random_workflows_give_what_a_plain_evaluation_gives(executor: str, description: Any) -> None:
    assert Scheduler(record=False).run(build.options(executor=executor)(description)) == plain(description)


@task
def spoil(one: Any, other: Any, *rest: Any) -> bool:
    """Change every argument in place, and say whether the first two were one object."""
    for value in {id(value): value for value in (one, other, *rest)}.values():
        if isinstance(value, dict):
            value["key"] = value.pop("key") * 2
        elif isinstance(value, Sample):
            value.values.append(1.0)
            value.name += "!"
        elif isinstance(value, File):
            value.write("spoilt")
        elif isinstance(value, tuple):
            value[0].append(0)
        elif hasattr(value, "iloc"):
            value.iloc[0, 0] = -1
        elif hasattr(value, "fill"):
            value.fill(7)
        else:
            value.clear()
    return one is other


@task
def gathered(default: list[int] = []) -> list[int]:  # noqa: B006  what a task does to it must not last
    default.append(1)
    return default


def test_a_call_owns_its_arguments(scheduler: Scheduler, executor: str, tmp_path: Path) -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    file = File(str(tmp_path / "file.txt"))
    file.write("as it was")
    values: list[Any] = [
        *([1, 2], {"key": [1]}, {3, 4}, ([1], 2), bytearray(b"12"), deque([1, 2]), [[1], [2]]),
        *(Sample("a", [1.0]), numpy.arange(3), pandas.DataFrame({"x": [1, 2]}), file),
    ]
    before = [hash_value(value) for value in values]
    for value in values:
        assert scheduler.run(spoil.options(executor=executor)(value, value, [1])) is True
    assert [hash_value(value) for value in values] == before
    shared = echo(values[:-1])
    spoilt = [spoil.options(executor=executor)(shared[i], shared[i], [i]) for i in range(len(values) - 1)]
    *ones, after = scheduler.run([*spoilt, seq([spoilt, shared])[1]])
    assert ones == [True] * len(ones)
    assert [hash_value(value) for value in after] == before[:-1]


def test_a_default_argument_is_not_changed_for_the_next_call(scheduler: Scheduler, executor: str) -> None:
    for _ in range(2):
        assert scheduler.run(gathered.options(executor=executor)()) == [1]


@task
def traced(errors: list[Any]) -> list[bool]:
    return [isinstance(error, Unlucky) and error.__traceback__ is not None for error in errors]


@task
def knotted(knot: Any) -> bool:
    knot[0].append(1)
    return knot is knot[0][0] and len(knot[0]) == 2


def test_what_cannot_be_recorded_fails_the_task_that_takes_it_at_the_root_too(
    scheduler: Scheduler, executor: str
) -> None:
    lock = threading.Lock()
    message = scheduler.run(catch(echo.options(executor=executor)(lock), Unrecordable, recovered))
    assert "contract.echo(value) is a _thread.lock, which cannot be recorded" in message
    found = scheduler.run(catch_all([echo(1), echo([lock])], Unrecordable, str_of_all))
    assert found[0] == "1"
    assert "contract.echo(value)[0] is a _thread.lock" in found[1]
    with pytest.raises(Unrecordable, match=r"contract\.echo"):
        scheduler.run([echo(2), echo(lock)])
    with pytest.raises(Unrecordable, match=r"contract.echo\(value\) is a _thread.lock"):
        scheduler.run(echo(lock))


def test_an_error_keeps_its_traceback_on_threads(scheduler: Scheduler) -> None:
    assert scheduler.run(catch_all([checked(3), checked(4)], Unlucky, traced)) == [True, False]


def test_a_value_that_contains_itself_is_copied_with_its_knot(scheduler: Scheduler, executor: str) -> None:
    knot: Any = ([],)
    knot[0].append(knot)
    assert scheduler.run(knotted.options(executor=executor)(knot))


def test_an_error_is_raised_as_it_was_with_the_users_own_lines(scheduler: Scheduler, executor: str) -> None:
    with pytest.raises(KeyError, match="lost") as caught:
        scheduler.run(fail.options(executor=executor)(KeyError("lost")))
    text = str(caught.value.headwater_traceback)  # type: ignore[attr-defined]
    assert "contract.fail" in text
    assert "raise error" in text


def test_an_error_can_be_caught(scheduler: Scheduler, executor: str) -> None:
    assert (
        scheduler.run(catch(fail.options(executor=executor)(OSError("o")), OSError, recovered))
        == "OSError: o"
    )


def test_an_error_that_cannot_be_pickled_is_still_what_it_was(scheduler: Scheduler, executor: str) -> None:
    with pytest.raises(Awkward, match="1 and 2") as caught:
        scheduler.run(awkward.options(executor=executor)())
    assert caught.value.left == 1
    assert (
        scheduler.run(catch(awkward.options(executor=executor)(), Awkward, recovered)) == "Awkward: 1 and 2"
    )


def test_an_error_of_a_class_that_cannot_be_found_tells_what_it_was(
    scheduler: Scheduler, executor: str
) -> None:
    with pytest.raises(Exception, match="3"):
        scheduler.run(hidden.options(executor=executor)())


def test_sys_exit_in_a_task_fails_the_task_only(scheduler: Scheduler, executor: str) -> None:
    with pytest.raises(SystemExit, match="enough"):
        scheduler.run(exits.options(executor=executor)())
    assert scheduler.run(echo.options(executor=executor)(1)) == 1


@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
def test_whatever_a_task_raises_fails_the_task_only(
    scheduler: Scheduler, executor: str, kind: type[BaseException]
) -> None:
    with pytest.raises(kind) as caught:
        scheduler.run([fail.options(executor=executor)(kind(str(n))) for n in range(2)])
    assert "contract.fail" in str(caught.value.headwater_traceback)  # type: ignore[attr-defined]
    assert scheduler.run(echo.options(executor=executor)(1)) == 1


def test_an_error_that_cannot_be_unpickled_here_fails_the_task_only(
    scheduler: Scheduler, executor: str
) -> None:
    with pytest.raises(KeyboardInterrupt if executor == "process" else Picky):
        scheduler.run(picky.options(executor=executor)())


def test_a_result_that_cannot_be_recorded_fails_the_task(scheduler: Scheduler, executor: str) -> None:
    with pytest.raises(Unrecordable, match="lock"):
        scheduler.run(unrecordable.options(executor=executor)())


def test_calls_run_at_the_same_time(scheduler: Scheduler, executor: str, tmp_path: Path) -> None:
    calls = [together.options(executor=executor)(n, str(tmp_path)) for n in range(2)]
    assert scheduler.run(calls) == [True, True]


def test_tasks_are_arguments_and_results(scheduler: Scheduler, executor: str) -> None:
    assert scheduler.run(echo.options(executor=executor)(echo)).fullname == "contract.echo"


def test_an_unknown_executor_fails_the_call_with_the_nearest_name(scheduler: Scheduler) -> None:
    with pytest.raises(UnknownExecutor, match="Did you mean process"):
        scheduler.run(echo.options(executor="proces")(1))


def test_a_process_that_dies_fails_only_its_call(scheduler: Scheduler) -> None:
    dead = leave.options(executor="process")(7)
    assert "exit code 7" in scheduler.run(catch(dead, WorkerDied, recovered))
    assert scheduler.run(echo.options(executor="process")(3)) == 3


@pytest.mark.parametrize("readable", [True, False])
def test_no_call_gets_the_result_of_one_whose_answer_was_not_read(
    scheduler: Scheduler, readable: bool
) -> None:
    babbled = [catch(babbling(readable, n), (AssertionError, ValueError), recovered) for n in range(4)]
    later = [echo.options(executor="process")(n) for n in range(50)]
    failed, values = scheduler.run(seq([babbled, later]))
    assert {error.partition(":")[0] for error in failed} == {"AssertionError" if readable else "ValueError"}
    assert values == list(range(50))


def test_a_process_that_cannot_be_started_fails_the_call(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError, match="/nowhere/python"):
        scheduler.run(echo.options(executor="process")(1))


def test_tasks_of_a_main_script_run_in_processes(tmp_path: Path) -> None:
    script = tmp_path / "main script.py"
    script.write_text(
        textwrap.dedent(
            """
            import os
            from dataclasses import dataclass
            from headwater import File, Scheduler, task

            headwater_namespace = "main"

            @dataclass
            class Thing:
                n: int

            @task(executor="process")
            def make(n):
                return Thing(n), os.getpid()

            if __name__ == "__main__":
                thing, pid = Scheduler(record=False).run(make(4))
                print(thing, pid != os.getpid())
            """
        )
    )
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stdout.strip() == "Thing(n=4) True", ran.stderr


def test_what_a_main_script_hands_to_other_tasks_is_found_in_processes(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("def ten_times(n):\n    return 10 * n\n")
    script = tmp_path / "hands over.py"
    script.write_text(
        textwrap.dedent(
            """
            from dataclasses import dataclass
            from headwater import Scheduler, apply_func, as_task, compose, identity, map_, task
            import beside

            headwater_namespace = "main"

            @dataclass
            class Thing:
                n: int

            def more(n):
                return n + 1

            @task
            def double(n):
                return 2 * n

            if __name__ == "__main__":
                scheduler = Scheduler(record=False)
                print(scheduler.run(apply_func.options(executor="process")(beside.ten_times, 1)))
                print(scheduler.run(identity.options(executor="process")(Thing(4))))
                print(scheduler.run(map_(as_task(more).options(executor="process"), [1, 2])))
                print(scheduler.run(compose(more, double).options(executor="process")(3)))
                print(scheduler.run(apply_func.options(executor="process")(double.partial(4))))
            """
        )
    )
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stdout.split("\n")[:-1] == ["10", "Thing(n=4)", "[2, 3]", "7", "8"], ran.stderr


def test_a_function_of_a_main_script_without_tasks_is_found_by_a_scheduler_in_a_process(
    tmp_path: Path,
) -> None:
    script = tmp_path / "no_tasks.py"
    script.write_text(
        "from headwater import Scheduler, apply_func, subrun\ndef more(n):\n    return n + 1\n"
        "if __name__ == '__main__':\n"
        "    print(Scheduler(record=False).run(subrun(apply_func(more, 1), executor='process')))\n"
    )
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stdout == "2\n", ran.stderr


@pytest.mark.parametrize("runs", ["run(double(2))", "Scheduler(record=False).run(double(2))"])
def test_a_script_without_a_guard_is_told_so_instead_of_starting_processes_without_end(
    tmp_path: Path, runs: str
) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(
        "import sys\nfrom headwater import Scheduler, run, task\nheadwater_namespace = 'unguarded'\n"
        "with open('started', 'a') as file:\n    file.write('*')\n"
        "if len(open('started').read()) > 4:\n    sys.exit(9)\n"
        "@task(executor='process')\ndef double(n):\n    return 2 * n\n" + runs + "\n"
    )
    ran = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert ran.returncode == 1
    assert "Put what starts it under if __name__ == '__main__':" in ran.stderr
    assert (tmp_path / "started").read_text() == "**"
