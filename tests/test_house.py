"""The house rules that a machine can hold: who imports whom, how long a file is, where Cypher stands."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

import headwater

ROOT = Path(__file__).resolve().parent.parent
DOOR, CYPHER, ENGINE, LINEAGE = "headwater", "cypher", "engine", "lineage"
WINGS = (DOOR, CYPHER, ENGINE, LINEAGE)
ROOMS = (*WINGS, "tests", "docker", "docs", "examples", "benchmarks", ".ci")

# Which wings a wing may import; the door's version number is a constant that all may read.
MAY_IMPORT = {
    CYPHER: {CYPHER},
    ENGINE: {ENGINE, CYPHER},
    LINEAGE: {LINEAGE, CYPHER},
    DOOR: {DOOR, CYPHER, ENGINE, LINEAGE},
}
VERSION_MODULE = "headwater._version"
LONGEST_FILE = 500
PASSED_OVER = {"__pycache__", ".headwater", "results", "node_modules"}


def files(*rooms: str, suffixes: tuple[str, ...] = ()) -> Iterator[Path]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*")):
            wanted = path.is_file() and (not suffixes or path.suffix in suffixes)
            if wanted and not PASSED_OVER & set(path.relative_to(ROOT).parts):
                yield path


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> list[str]:
    """The dotted name a wing's file is imported by, as parts."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] != DOOR:
        parts.insert(0, DOOR)
    return parts


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Each module of ours that a file imports, relative imports and `import_module("…")` included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module_of(path)[: -node.level]
                base = ".".join([*package, base]) if base else ".".join(package)
            # `from headwater import engine` imports a wing too
            found = [f"{base}.{alias.name}" for alias in node.names] if base == DOOR else [base]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
                found = [node.args[0].value]
        for module in found:
            if module == DOOR or module.startswith(f"{DOOR}."):
                yield node.lineno, module


def wing_of(module: str) -> str:
    second = module.split(".")[1] if "." in module else ""
    return second if second in {CYPHER, ENGINE, LINEAGE} else DOOR


@pytest.mark.parametrize("wing", WINGS)
def test_a_wing_imports_only_the_wings_below_it(wing: str) -> None:
    wrong = [
        f"{name(path)}:{line} imports {module}"
        for path in files(wing, suffixes=(".py",))
        for line, module in imports(path)
        if module != VERSION_MODULE and wing_of(module) not in MAY_IMPORT[wing]
    ]
    assert not wrong, "\n".join(wrong)


def test_the_examples_import_the_public_names_only() -> None:
    public = {f"{DOOR}.{public_name}" for public_name in headwater.__all__}
    wrong = [
        f"{name(path)}:{line} imports {module}"
        for path in files("examples", suffixes=(".py",))
        for line, module in imports(path)
        if module != DOOR and module not in public
    ]
    assert not wrong, "\n".join(wrong)


def test_no_file_is_longer_than_five_hundred_lines() -> None:
    long = [
        f"{name(path)}: {lines} lines"
        for path in files(*ROOMS, suffixes=(".py", ".cypher", ".sh"))
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE
    ]
    assert not long, "\n".join(long)


def test_every_public_name_can_be_imported_and_no_other_is_listed() -> None:
    for public_name in headwater.__all__:
        assert getattr(headwater, public_name) is not None
    assert sorted(headwater.__all__) == dir(headwater)
    assert len(set(headwater.__all__)) == len(headwater.__all__)


def test_type_checkers_see_the_same_public_names() -> None:
    tree = ast.parse((ROOT / DOOR / "__init__.py").read_text("utf-8"))
    seen = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{DOOR}.")
        for alias in node.names
    }
    assert seen == set(headwater.__all__)


def test_every_public_name_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
    headed = set(re.findall(r"^#{2,4} `(\w+)", page, flags=re.MULTILINE))
    assert set(headwater.__all__) - headed == set(), "without a heading in docs/reference/api.md"
    assert headed - set(headwater.__all__) == set(), "in docs/reference/api.md, but not public"


CYPHER_TEXT = re.compile(
    r"\b(MATCH|MERGE)\s*\(|\bUNWIND\s+\$|\bCREATE\s+(CONSTRAINT|INDEX|\()|\bDETACH\s+DELETE\b|\bCALL\s+(db|path|apoc)\."
)


def strings_but_docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def test_cypher_stands_in_the_cypher_wing_only() -> None:
    wrong = [
        f"{name(path)}:{text.lineno}"
        for path in files(DOOR, ENGINE, LINEAGE, "examples", suffixes=(".py",))
        for text in strings_but_docstrings(ast.parse(path.read_text("utf-8")))
        if CYPHER_TEXT.search(text.value)
    ]
    wrong += [
        name(path)
        for path in files(DOOR, ENGINE, suffixes=(".cypher",))  # lineage/ has its rules, which are questions
    ]
    assert not wrong, "\n".join(wrong)


def test_every_query_begins_with_a_comment_that_says_what_it_is() -> None:
    bare = [
        name(path)
        for path in files(CYPHER, LINEAGE, suffixes=(".cypher",))
        if not path.read_text("utf-8").startswith("//")
    ]
    assert not bare, "\n".join(bare)


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


def test_setup_cfg_lists_the_packages_that_are_there() -> None:
    options = setup_cfg()["options"]
    listed = options["packages"].split()
    there = sorted(
        ".".join(module_of(path)[:-1]) for path in files(*WINGS, suffixes=(".py",)) if path.stem == "__init__"
    )
    assert sorted(listed) == there
    folders = dict(line.replace(" ", "").split("=") for line in options["package_dir"].strip().splitlines())
    assert folders == {DOOR: DOOR} | {f"{DOOR}.{wing}": wing for wing in WINGS if wing != DOOR}


def test_every_file_of_a_wing_is_in_a_package_and_is_installed() -> None:
    data = {
        (ROOT / (package.removeprefix(f"{DOOR}.").replace(".", "/"))): patterns.replace(",", " ").split()
        for package, patterns in setup_cfg()["options.package_data"].items()
    }
    left_out = []
    for path in files(*WINGS):
        if path.suffix == ".py":
            installed = (path.parent / "__init__.py").exists()
        else:
            installed = any(
                path.is_relative_to(folder) and fnmatch(path.relative_to(folder).as_posix(), pattern)
                for folder, patterns in data.items()
                for pattern in patterns
            )
        if not installed:
            left_out.append(name(path))
    assert not left_out, "\n".join(left_out)


TEXT = (".py", ".md", ".cfg", ".toml", ".cypher", ".sh", ".yml", ".yaml", ".txt", "")
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(work|root|home/\w+)/|--(extra-)?index-url\b|\bindex-url\s*=")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")


def text_files() -> Iterator[Path]:
    yield from files(*ROOMS, suffixes=TEXT)
    yield from sorted(path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXT)


@pytest.mark.parametrize(
    ("what", "pattern"), [("a path of one machine", MACHINE_PATH), ("an unfinished mark", UNFINISHED)]
)
def test_no_file_holds(what: str, pattern: re.Pattern[str]) -> None:
    wrong = [
        f"{name(path)}:{number}: {what}: {line.strip()[:80]}"
        for path in text_files()
        if path.name != Path(__file__).name
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not wrong, "\n".join(wrong)
