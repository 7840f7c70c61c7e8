"""The benchmark of the smallest steps prints a row for each."""

from __future__ import annotations

import pytest

from benchmarks.small import main


def test_a_row_a_step_with_its_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick"]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.endswith("| ratio |")
    assert len(rows) == 5
    assert all(row.endswith("× |") for row in rows)
