"""A reused result equals the recomputed one, where it is hard: on both stores."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from headwater import ContentFile, Dir, File, FileSet, Project, catch, delay, force, task
from tests.contract.conftest import Run, define

headwater_namespace = "caching_truth"


def test_a_failure_that_is_not_to_be_cached_is_tried_again_below_a_recovery(run: Run) -> None:
    ready: list[int] = []

    def risky(n: int) -> int:
        if not ready:
            raise ValueError("not yet")
        return n

    def parent(n: int) -> Any:
        return catch(define("risky", "1", risky, cache=False)(n), ValueError, define("zero", "1", zero))

    def zero(error: Exception) -> int:
        return 0

    root = define("recovering", "1", parent)
    assert run(root(1)) == 0
    ready.append(1)
    assert run(root(1)) == 1


def test_what_a_task_of_this_run_wrote_is_read_again(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "h.txt"

    def family(text: str, version: str) -> Any:
        def write() -> None:
            path.write_text(text)

        def read(file: File) -> str:
            return str(file.read())

        def reader(written: None) -> Any:
            return define("read", "1", read)(File(str(path)))

        def middle(written: None) -> Any:
            return define("reader", "1", reader)(written)

        def main() -> Any:
            return define("middle", "1", middle)(writer())

        writer = define("write", version, write)
        return define("written", "1", main)

    assert run(family("one", "1")()) == "one"
    assert run(family("two, longer", "2")()) == "two, longer"


def test_a_file_in_an_expression_that_was_held_back_counts(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "held.txt"

    def read(file: File) -> str:
        return str(file.read())

    def hold(n: int) -> Any:
        return delay(define("read", "1", read)(File(str(path))))

    def use(held: Any) -> Any:
        return [force(held)]

    def main(n: int) -> Any:
        return define("use_held", "1", use)(define("hold", "1", hold)(n))

    for text in ("one", "two, longer"):
        path.write_text(text)
        for _ in range(3):
            assert run(define("held", "1", main)(1)) == [text]


def counting_parents(ran: list[str]) -> tuple[Any, Any]:
    """Two parents of one equal call: the first says that it is not to be cached, the second does not."""

    def tick(n: int) -> int:
        ran.append("tick")
        return n

    ticks = define("tick", "1", tick)
    wary = define("wary", "1", lambda n: [ticks.options(cache=False)(n)])
    trusting = define("trusting", "1", lambda n: [ticks(n)])
    return wary, trusting


def test_what_one_parent_does_not_want_cached_another_may_have(run: Run, ran: list[str]) -> None:
    wary, trusting = counting_parents(ran)
    both = define("both", "1", lambda n: [wary(n), trusting(n)])
    run(both(1))
    for _ in range(2):
        ran.clear()
        run(both(1))
        assert ran == ["tick"], "for the parent that said so, and for the other not"


def test_what_is_cached_for_another_workflow_is_not_for_who_does_not_want_it(
    run: Run, ran: list[str]
) -> None:
    wary, trusting = counting_parents(ran)
    run(wary(1))
    run(trusting(1))
    ran.clear()
    run(wary(1))
    assert ran == ["tick"]
    run(trusting(1))
    assert ran == ["tick"]


def test_a_definition_that_says_not_to_cache_reaches_recorded_parents(run: Run, ran: list[str]) -> None:
    def tick(n: int) -> int:
        ran.append("tick")
        return n

    def workflow(**options: Any) -> Any:
        ticks = define("tick", "1", tick, **options)
        return define("ticking", "1", lambda n: [ticks(n)])

    run(workflow()(1))
    ran.clear()
    for options in ({"cache": False}, {"cache_scope": "NONE"}):
        run(workflow(**options)(1))
        assert ran == ["tick"]
        ran.clear()
    run(workflow()(1))
    assert ran == [], "what was recorded before is still good"


def test_an_equal_call_of_the_run_is_not_taken_where_that_is_not_allowed(run: Run, ran: list[str]) -> None:
    def tick(n: int) -> int:
        ran.append("tick")
        return n

    ticks = define("tick", "2", tick, allowed_cache_results={"MISS"})
    inner = define("inner", "1", lambda m, n: ticks(n))
    root = define("ticking", "2", lambda n: [inner(1, n), inner(2, n)])
    run(root(1))
    assert ran == ["tick", "tick"]


@task(cache=False)
def fails_always(n: int) -> int:
    raise ValueError(f"no {n}")


def test_a_recovery_from_an_equal_error_is_reused(run: Run, ran: list[str]) -> None:
    def recover(error: Exception) -> str:
        ran.append("recovery")
        return repr(error)

    recovery = define("recovery", "1", recover)
    for executor in ("default", "process", "default"):
        failing = fails_always.options(executor=executor)
        root = define(
            "catching", executor, lambda n, failing=failing: catch(failing(n), ValueError, recovery)
        )
        assert run(root(1)) == "ValueError('no 1')"
    assert ran == ["recovery"]


def test_a_failed_call_is_attempted_again_when_the_call_that_catches_it_runs_for_another_reason(
    run: Run, ran: list[str]
) -> None:
    """Errors are not reused; what a call made of them is."""

    def refuse(n: int) -> int:
        ran.append("refusing")
        raise ValueError(f"no {n}")

    def recover(error: Exception) -> str:
        ran.append("recovery")
        return repr(error)

    refusing, recovery = define("refusing", "1", refuse), define("refused", "1", recover)

    def catching(name: str, version: str) -> Any:
        return define(name, version, lambda n: catch(refusing(n), ValueError, recovery))

    for version, again in (("1", ["refusing", "recovery"]), ("1", []), ("2", ["refusing"])):
        ran.clear()
        assert run(catching("catches_itself", version)(1)) == "ValueError('no 1')"
        assert ran == again
    for version, again in (("1", ["refusing", "recovery"]), ("1", []), ("2", [])):
        ran.clear()
        own = catching("catches_for_another", "1")
        assert run(define("asks_another", version, lambda n, own=own: [own(n)])(2)) == ["ValueError('no 2')"]
        assert ran == again, "what is caught in a task of its own is kept"


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("I have nothing to say")


def test_an_error_that_cannot_say_its_message_is_recorded(run: Run) -> None:
    def silence(n: int) -> int:
        raise Mute

    with pytest.raises(Mute):
        run(define("silence", "1", silence)(1))
    assert run.counts["caching.silence"] == {"FAILED": 1}  # type: ignore[attr-defined]


def test_a_recovery_from_an_error_that_cannot_be_recorded_is_reused(run: Run, ran: list[str]) -> None:
    def lock_up(n: int) -> int:
        error: Any = ValueError("locked")
        error.by = threading.Lock()
        raise error

    def recover(error: Any) -> str:
        ran.append("recovery")
        return type(error.by).__name__

    locks, recovery = define("lock_up", "1", lock_up), define("unlock", "1", recover)
    for version in ("1", "2"):
        assert run(define("unlocking", version, lambda: catch(locks(1), ValueError, recovery))()) == "lock"
    assert ran == ["recovery"]


def test_a_helper_that_is_defined_anew_counts_in_the_next_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper, flow = tmp_path / "reloaded_helper.py", tmp_path / "reloaded_flow.py"
    helper.write_text("def answer():\n    return 1\n")
    flow.write_text(
        "import reloaded_helper\nfrom headwater import task\nheadwater_namespace = 'reloaded'\n\n"
        "@task\ndef ask(n: int) -> int:\n    return reloaded_helper.answer() + n\n\n"
        "@task\ndef main(n: int) -> int:\n    return ask(n)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    main = importlib.import_module("reloaded_flow").main
    faster = main.options(check_valid="shallow")
    assert run(main(1)) == 2
    helper.write_text("def answer():\n    return 20\n")
    importlib.reload(sys.modules["reloaded_helper"])
    assert run(faster(1)) == 21
    sys.modules["reloaded_helper"].answer = lambda: 300
    assert run(main(1)) == 301
    for name in ("reloaded_flow", "reloaded_helper"):
        del sys.modules[name]  # monkeypatch would put it back


SHAPES = """
import enum, functools
from dataclasses import dataclass

@dataclass
class Shape:
    side: int
    def area(self): return self.side * FACTOR
    @classmethod
    def unit(cls): return cls(1).area()

class Mode(enum.Enum):
    FAST = 1
    def area(self): return FACTOR

@functools.lru_cache
def cached(): return FACTOR

class Plain:
    def area(self): return FACTOR
"""


@pytest.mark.parametrize(
    "given",
    [
        (lambda shapes: shapes.Shape(1), lambda value: value.area()),
        (lambda shapes: [shapes.Plain()], lambda value: value[0].area()),
        (lambda shapes: shapes.Plain, lambda value: value().area()),
        (lambda shapes: shapes.Mode.FAST, lambda value: value.area()),
        (lambda shapes: shapes.Shape(1).area, lambda value: value()),
        (lambda shapes: shapes.Shape.unit, lambda value: value()),
        (lambda shapes: shapes.cached, lambda value: value()),
    ],
    ids=["dataclass", "object", "class", "enum", "method", "class method", "cached function"],
)
def test_the_code_of_a_value_counts(
    run: Run, ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Any
) -> None:
    value, use = given
    source = tmp_path / "shapes_of_test.py"
    monkeypatch.syspath_prepend(tmp_path)

    def take(thing: Any) -> int:
        ran.append("take")
        return int(use(thing))

    def main() -> Any:
        return define("take", "1", take)(value(sys.modules["shapes_of_test"]))

    for factor, size in ((2, 1), (2, 1), (30, 2)):
        source.write_text(f"{SHAPES}\nFACTOR = {factor}\n")
        if "shapes_of_test" in sys.modules:
            importlib.reload(sys.modules["shapes_of_test"])
        else:
            importlib.import_module("shapes_of_test")
        assert run(define("shaped", "1", main)()) == factor
        assert len(ran) == size
    monkeypatch.delitem(sys.modules, "shapes_of_test")


@task
def long_text(n: int) -> str:
    return "long" * n


@task
def two_long_texts(n: int) -> list[str]:
    return [long_text(n), long_text.options(executor="process")(n + 1)]


@pytest.mark.parametrize("address", ["elsewhere", "local://{folder}/elsewhere"])
def test_large_values_are_kept_where_the_settings_say(
    run: Run, project: Project, tmp_path: Path, address: str
) -> None:
    project.settings.set("store", "values", address.format(folder=project.root))
    expected = ["long" * 2000, "long" * 2001]
    assert run(two_long_texts(2000)) == expected
    assert not project.values.exists()
    assert len([path for path in (project.root / "elsewhere").rglob("*") if path.is_file()]) == 3
    assert run(two_long_texts(2000)) == expected
    assert run.counts["caching_truth.two_long_texts"] == {"CACHED": 1}  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [File, ContentFile])
def test_a_file_that_changed_after_it_was_named_is_not_taken_for_what_it_was(
    run: Run, tmp_path: Path, kind: type[File]
) -> None:
    path = tmp_path / "input.txt"
    path.write_text("one")
    at = path.stat()
    edits = ["two"]

    def read(file: File) -> str:
        if edits:
            path.write_text(edits.pop())
        return str(file.read())

    def main(n: int) -> Any:
        return define("read_late", "1", read)(kind(str(path)))

    assert run(define("late", "1", main)(1)) == "two"
    path.write_text("one")
    os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert run(define("late", "1", main)(1)) == "one"
    assert run(define("late", "1", main)(1)) == "one"
    assert run.counts["caching.late"] == {"CACHED": 1}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "how"),
    [("s3", "default"), ("dir", "process"), ("s3 dir", "async"), ("pattern", "default"), ("s3", "caught")],
)
def test_what_changes_elsewhere_or_in_a_folder_while_a_call_reads_it_spoils_no_later_run(
    run: Run, tmp_path: Path, bucket: str, kind: str, how: str
) -> None:
    base = f"s3://{bucket}/data" if kind.startswith("s3") else str(tmp_path / "data")
    File(f"{base}/a").write("a")
    changed = File(f"{base}/a" if kind == "s3" else f"{base}/b")
    flag = tmp_path / "flag"
    cls = {"s3": File, "pattern": FileSet}.get(kind, Dir)

    def place() -> Any:
        return cls(f"{base}/a" if kind == "s3" else f"{base}/*" if kind == "pattern" else base)

    def restore() -> None:
        changed.write("a") if kind == "s3" else changed.remove()

    if how == "caught":
        expression: Any = catch(looking(place(), changed.path, str(flag), True), ValueError, _words_of)
    else:
        task_of = looking_async if how == "async" else looking
        options = {"executor": how} if how == "process" else {}
        expression = task_of.options(**options)(place(), changed.path, str(flag), False)
    wrong = "b" if kind == "s3" else "a b"
    flag.touch()
    assert run(expression) == wrong
    flag.unlink()
    restore()
    assert run(expression) == "a"
    flag.touch()
    assert run(expression) == "a", "nothing changed, so it is reused"


@task(namespace="caching_truth")
def looking(place: Any, changed: str, flag: str, fails: bool) -> str:
    if os.path.exists(flag):
        File(changed).write("b")
    files = [place] if isinstance(place, File) else type(place)(place.path)
    found = " ".join(file.read() for file in files)
    if fails:
        raise ValueError(found)
    return found


@task(namespace="caching_truth")
async def looking_async(place: Any, changed: str, flag: str, fails: bool) -> str:
    return str(looking.func(place, changed, flag, fails))


@task(namespace="caching_truth")
def _words_of(error: Exception) -> str:
    return str(error)
