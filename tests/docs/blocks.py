"""Reads the code blocks of a Markdown page, and compares what a command printed with what the page says.

A comment above a block may steer it: `<!-- file: name.py -->` saves the block under that name, `<!-- in: folder -->`
copies a folder of the repository and goes on inside the copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\s*$")
_DIRECTIVE = re.compile(r"^<!-- (?P<key>file|in): (?P<value>\S+) -->$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its lines, where it begins, and what a comment above it says."""

    language: str
    lines: tuple[str, ...]
    line: int
    directive: tuple[str, str] | None

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


@dataclass(frozen=True)
class Command:
    """A line after `$ ` in a console block, the lines that should follow it, and the exit code it names."""

    words: str
    output: tuple[str, ...]
    line: int
    exit_code: int


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    lines = page.read_text("utf-8").splitlines()
    directive: tuple[str, str] | None = None
    number = 0
    while number < len(lines):
        line = lines[number]
        if found := _DIRECTIVE.match(line):
            directive = found["key"], found["value"]
        elif opened := _FENCE.match(line):
            start = number + 1
            number = start
            while lines[number].strip() != "```":
                number += 1
            inside = tuple(text.removeprefix(opened["indent"]) for text in lines[start:number])
            yield Block(opened["language"], inside, start, directive)
            directive = None
        elif line.strip():
            directive = None
        number += 1


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; a comment `# exits N` names the exit code that is due."""
    starts = [i for i, line in enumerate(block.lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(block.lines)], strict=True):
        words, _, comment = block.lines[start][2:].partition("  # ")
        code = re.search(r"exits (\d+)", comment)
        output = tuple(line for line in block.lines[start + 1 : end])
        yield Command(words.strip(), output, block.line + start + 1, int(code[1]) if code else 0)


_VARIES = [
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"), "WHEN"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{1,12})+\b|\b[0-9a-f]{8,64}\b"), "ID"),
    (re.compile(r"\b\d+(\.\d+)? ?(µs|ms|s|min|h)\b"), "TIME"),
    (re.compile(r"(?<![\w.])(…|~)?/([^\s/'\"`()]+/)+"), "…/"),
    (re.compile(r"([─━═-])\1{2,}"), r"\1"),
    (re.compile(r"\s+"), " "),
]


def plain(line: str) -> str:
    """A line without what differs from run to run: ids, times, folders, widths of columns."""
    for pattern, instead in _VARIES:
        line = pattern.sub(instead, line)
    return line.strip()


def agrees(printed: str, expected: tuple[str, ...]) -> bool:
    """Whether a command printed what the page shows; `…` stands for any text, on a line of its own for any lines."""
    shown = [plain(line) for line in printed.splitlines() if plain(line)]
    wanted = [plain(line) for line in expected if plain(line)]
    if not wanted:
        return True
    lines = [r"(.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in wanted]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in shown)) is not None
