"""The reader of documentation blocks: what it takes for a command, and what it lets vary."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import agrees, blocks, commands

PAGE = """\
# A page

<!-- file: workflow.py -->
```python
x = 1
```

Text between.

```console
$ hw run workflow.py main  # exits 1
one
…
two
$ hw log
```
"""


def test_blocks_have_a_language_a_place_and_a_directive(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    first, second = blocks(tmp_path / "page.md")
    assert (first.language, first.text, first.directive) == ("python", "x = 1\n", ("file", "workflow.py"))
    assert (second.language, second.line, second.directive) == ("console", 10, None)


def test_commands_have_their_output_and_exit_code(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    _, console = blocks(tmp_path / "page.md")
    run, log = commands(console)
    assert (run.words, run.output, run.exit_code) == ("hw run workflow.py main", ("one", "…", "two"), 1)
    assert (log.words, log.output, log.exit_code) == ("hw log", (), 0)


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (
            "run 01932c5e-7f1a-7abc-8def-0123456789ab DONE in 1.42 s",
            "run 01999999-1111-7aaa-8bbb-000000000000 DONE in 3 s",
        ),
        ("job   1a2b3c4d   done", "job 99999999 done"),
        ("at 2026-11-24 03:00:12", "at 2027-01-01 12:00:00"),
        ("wrote /a/b/c/report.md", "wrote …/flights/report.md"),
        ("first\nsecond\nthird", "first\n…\nthird"),
        ("result: [1, 2, 3, 4]", "result: [1, …]"),
        ("────────\nx", "──────────────\nx"),
        ("anything", ""),
    ],
)
def test_ids_times_folders_and_widths_may_vary(printed: str, shown: str) -> None:
    assert agrees(printed, tuple(shown.splitlines()))


@pytest.mark.parametrize(
    ("printed", "shown"),
    [("12 jobs", "13 jobs"), ("first\nsecond", "first"), ("first", "first\n…\nsecond"), ("a.md", "b.md")],
)
def test_words_and_numbers_may_not(printed: str, shown: str) -> None:
    assert not agrees(printed, tuple(shown.splitlines()))
