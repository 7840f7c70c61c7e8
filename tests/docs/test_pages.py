"""README and docs hold: every block of code runs, every command prints what the page shows, every link leads on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import Command, agrees, blocks, commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    # (What `make demo` writes there is no page.)
    *sorted(page for page in (ROOT / "examples").rglob("*.md") if "results" not in page.parts),
]
RUN = {"hw", "headwater", "python", "cat", "cp", "head", "ls", "printf", "sed"}
SHOWN_ONLY = {"git", "pip", "cd", "docker", "eval", "export"}


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def environ() -> dict[str, str]:
    """Ours, less what would change where a command works or how wide its tables are."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HEADWATER_", "COLUMNS"))}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return kept | {"PATH": path, "NO_COLOR": "1", "TZ": "UTC"}


def execute(words: list[str] | str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        shell=isinstance(words, str),
        cwd=folder,
        env=environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_block_of_a_page_does_what_the_page_says(page: Path, tmp_path: Path) -> None:
    folder = tmp_path
    try:
        for block in blocks(page):
            key, value = block.directive or ("", "")
            if key == "in":
                folder = tmp_path / Path(value).name
                ignored = shutil.ignore_patterns("results", ".headwater", "__pycache__")
                shutil.copytree(ROOT / value, folder, ignore=ignored)
            where = f"{page_id(page)}:{block.line}"
            if key == "file":
                (folder / value).parent.mkdir(parents=True, exist_ok=True)
                (folder / value).write_text(block.text, "utf-8")
            elif block.language == "python":
                script = folder / f"block_{block.line}.py"
                script.write_text(block.text, "utf-8")
                done = execute([sys.executable, "-W", "error", script.name], folder)
                assert done.returncode == 0, f"{where}\n{done.stdout}{done.stderr}"
            elif block.language == "console":
                for command in commands(block):
                    check_command(command, folder, f"{page_id(page)}:{command.line}")
    finally:
        for project in {path.parent for path in tmp_path.rglob(".headwater")}:
            execute(["hw", "store", "stop"], project)


def check_command(command: Command, folder: Path, where: str) -> None:
    program = command.words.split()[0]
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
        assert command.words.split()[1] in targets, where
    elif program in RUN:
        done = execute(command.words, folder)
        assert done.returncode == command.exit_code, f"{where}\n{done.stdout}{done.stderr}"
        printed = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        shown = "\n".join(command.output)
        assert agrees(printed, command.output), f"{where}: the page shows\n{shown}\nbut it prints\n{printed}"
    else:
        assert program in SHOWN_ONLY, f"{where}: {program} is neither run nor only shown"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            dead.append(target)
    assert not dead, f"{page_id(page)}: {dead}"


def anchors(page: Path) -> set[str]:
    """The names that headings get: lower case, spaces as hyphens, other marks left out."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_page_can_be_found_from_the_readme() -> None:
    """Decisions are for those who change the code; `docs/explanation` names them where it needs them."""
    seen, ways = set[Path](), [ROOT / "README.md"]
    while ways:
        page = ways.pop()
        if page in seen:
            continue
        seen.add(page)
        text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s#]+\.md)(?:#[^)\s]*)?\)", text):
            if not re.match(r"\w+:", target):
                ways.append((page.parent / target).resolve())
    lost = [page_id(page) for page in PAGES if page not in seen and "decisions" not in page.parts]
    assert lost == []
