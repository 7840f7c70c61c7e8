"""How workflows are imported, here and in worker processes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from headwater.cypher.errors import UsageError
from headwater.engine.importing import import_from_spec, import_script, import_spec


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    path_before, modules_before = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path_before
    for name in set(sys.modules) - modules_before:
        del sys.modules[name]


def write(path: Path, text: str = "x = 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_script_is_imported_by_its_path_and_sees_its_neighbours(folder: Path) -> None:
    write(folder / "jobs" / "near.py", "y = 2\n")
    script = write(folder / "jobs" / "my_flow.py", "import near\nx = near.y\n")
    module = import_script(script)
    assert (module.__name__, module.x) == ("my_flow", 2)
    assert sys.modules["my_flow"] is module
    assert import_script("jobs/my_flow.py") is module


def test_a_script_in_a_package_gets_its_dotted_name(folder: Path) -> None:
    write(folder / "src" / "shop" / "__init__.py", "")
    write(folder / "src" / "shop" / "etl" / "__init__.py", "")
    write(folder / "src" / "shop" / "base.py", "y = 3\n")
    script = write(folder / "src" / "shop" / "etl" / "daily.py", "from ..base import y\n")
    module = import_script(script)
    assert (module.__name__, module.y) == ("shop.etl.daily", 3)
    assert str(folder / "src") in sys.path
    assert import_script("src/shop/etl").__name__ == "shop.etl"


def test_a_module_is_imported_by_its_name(folder: Path) -> None:
    write(folder / "shop2" / "daily.py", "x = 4\n")
    assert import_script("shop2.daily").x == 4


@pytest.mark.parametrize("name", ["my-flow.py", "2013.py", "a.b.py", "workflow"])
def test_any_file_name_will_do(folder: Path, name: str) -> None:
    module = import_script(write(folder / name, "def f():\n    return 1\n"))
    assert pickle.loads(pickle.dumps(module.f)) is module.f


def test_a_script_named_like_a_standard_module_does_not_replace_it(folder: Path) -> None:
    import queue

    module = import_script(write(folder / "queue.py"))
    assert module.__name__ == "queue_"
    assert sys.modules["queue"] is queue


def test_two_scripts_of_one_name_do_not_mix(folder: Path) -> None:
    import_script(write(folder / "a" / "twin.py"))
    with pytest.raises(UsageError, match="Give the file another name"):
        import_script(write(folder / "b" / "twin.py"))


@pytest.mark.parametrize("given", ["flights/worklfow.py", "worklfow", "./worklfow.py"])
def test_a_missing_workflow_names_the_nearest(folder: Path, given: str) -> None:
    write(folder / "flights" / "workflow.py")
    with pytest.raises(UsageError, match=r"Did you mean flights/workflow\.py\?"):
        import_script(given)


def test_without_a_near_one_what_is_there_is_listed(folder: Path) -> None:
    with pytest.raises(UsageError, match="There is no Python file in"):
        import_script("zzz.py")
    write(folder / "alpha.py")
    with pytest.raises(UsageError, match=r"Python files here: alpha\.py"):
        import_script("zzz.py")
    with pytest.raises(UsageError, match="a folder, not a Python file"):
        import_script(f"{folder}/")


@pytest.mark.parametrize("given", ["..", "", ".x", "a..b"])
def test_nonsense_is_wrong_use(folder: Path, given: str) -> None:
    with pytest.raises(UsageError):
        import_script(given)


def test_what_a_workflow_raises_is_passed_on_and_it_can_be_imported_again(folder: Path) -> None:
    script = write(folder / "broken_flow.py", "import not_there_at_all\n")
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        import_script(script)
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        import_script("broken_flow")
    script.write_text("x = 5\n")
    os.utime(script, (1, 1))
    assert import_script(script).x == 5


IN_WORKER = """
import pickle, sys
from headwater.engine.importing import import_from_spec
spec, func = sys.stdin.buffer.read().split(b"|")
module = import_from_spec(pickle.loads(bytes.fromhex(spec.decode())))
print(pickle.loads(bytes.fromhex(func.decode()))(), module.__name__)
"""


def in_worker(spec: object, func: object, cwd: Path) -> str:
    cwd.mkdir(exist_ok=True)
    given = b"|".join(pickle.dumps(part).hex().encode() for part in (spec, func))
    done = subprocess.run(
        [sys.executable, "-c", IN_WORKER], input=given, capture_output=True, check=True, cwd=cwd
    )
    return done.stdout.decode().strip()


@pytest.mark.parametrize(
    ("file", "name"),
    [("one-flow.py", "one-flow"), ("random.py", "random_"), ("pkg7/sub/flow.py", "pkg7.sub.flow")],
)
def test_a_worker_process_imports_the_same_module(folder: Path, file: str, name: str) -> None:
    if "/" in file:
        write(folder / "pkg7" / "__init__.py", "")
        write(folder / "pkg7" / "sub" / "__init__.py", "")
    module = import_script(write(folder / file, "def f():\n    return 7\n"))
    assert in_worker(import_spec(module), module.f, folder / "elsewhere") == f"7 {name}"
    assert import_from_spec(import_spec(module)) is module


def test_a_worker_process_imports_the_main_program_without_running_it_as_one(folder: Path) -> None:
    write(folder / "pack" / "__init__.py", "")
    write(folder / "pack" / "other.py", "y = 8\n")
    text = (
        "import pickle, sys\nfrom headwater.engine.importing import import_spec\n{imports}\n"
        "def f():\n    return y\n"
        "if __name__ == '__main__':\n"
        "    parts = import_spec(sys.modules['__main__']), f\n"
        "    print('|'.join(pickle.dumps(part).hex() for part in parts))\n"
    )
    write(folder / "prog.py", text.format(imports="y = 8"))
    write(folder / "pack" / "prog.py", text.format(imports="from .other import y"))
    (folder / "elsewhere").mkdir()
    for how in ["prog.py"], ["-m", "pack.prog"]:
        made = subprocess.run([sys.executable, *how], capture_output=True, check=True, cwd=folder)
        done = subprocess.run(
            [sys.executable, "-c", IN_WORKER],
            input=made.stdout.strip(),
            capture_output=True,
            check=True,
            cwd=folder / "elsewhere",
        )
        assert done.stdout.decode().split() == ["8", "__mp_main__"]


def test_what_only_this_process_has_is_said_so() -> None:
    import types

    with pytest.raises(UsageError, match="notebook"):
        import_spec(types.ModuleType("__main__"))
    typed = types.ModuleType("__main__")
    typed.__file__ = "<stdin>"
    with pytest.raises(UsageError, match="notebook"):
        import_spec(typed)
