"""The ledger example: a real SQLite file that holds what the code says, however the code goes forward and back."""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater import Project, Scheduler

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "ledger" / "workflow.py"
ACCOUNTS = {"ann": 10_000, "ben": 20_000}


def plain(rate: int, fee: int) -> dict[str, int]:
    """What the book has to say in the end."""
    given = {"ann": 500, "ben": 700}
    return {name: n + n * rate // 10_000 + given[name] - fee for name, n in ACCOUNTS.items()}


class Bank:
    """The workflow as it is edited, and the book."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.book = folder / "ledger.db"
        self.accounts = folder / "accounts.csv"
        self.accounts.write_text("".join(f"{name},{n}\n" for name, n in ACCOUNTS.items()))

    def load(self, rate: int, fee: int) -> ModuleType:
        """The workflow with other constants, as a file of its own would be."""
        path = self.book.with_name(f"workflow_{rate}_{fee}") / "ledger_workflow.py"
        path.parent.mkdir(exist_ok=True)
        text = EXAMPLE.read_text()
        path.write_text(text.replace("RATE = 200", f"RATE = {rate}").replace("FEE = 150", f"FEE = {fee}"))
        spec = importlib.util.spec_from_file_location("ledger_workflow", path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules["ledger_workflow"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def run(self, rate: int, fee: int) -> tuple[dict[str, int], Counter[str]]:
        """What a run gives, and the tasks that it ran."""
        scheduler = Scheduler(self.project)
        found: Any = scheduler.run(self.load(rate, fee).main(str(self.book), str(self.accounts)))
        scheduler.wait_recorded()
        counts = scheduler.progress().counts
        return found, Counter({name.split(".")[1]: n["DONE"] for name, n in counts.items() if n.get("DONE")})

    def balances(self) -> dict[str, int]:
        """What the file says itself."""
        with closing(sqlite3.connect(self.book)) as book:
            return dict(book.execute("SELECT account, sum(cents) FROM entries GROUP BY account").fetchall())


@pytest.fixture
def bank(project: Project, tmp_path: Path) -> Iterator[Bank]:
    yield Bank(project, tmp_path)
    sys.modules.pop("ledger_workflow", None)


def test_the_book_is_rolled_back_to_the_step_that_changed(bank: Bank) -> None:
    every = Counter(["opening", "interest", "gifts", "gifts", "fees", "balances", "main"])
    assert bank.run(200, 150) == (plain(200, 150), every)
    assert bank.run(200, 150) == (plain(200, 150), Counter())
    after_opening = every - Counter(["opening", "main"])
    assert bank.run(300, 150) == (plain(300, 150), after_opening)
    assert bank.run(300, 100) == (plain(300, 100), Counter(["fees", "balances"]))
    assert bank.run(200, 150) == (plain(200, 150), after_opening)
    assert bank.balances() == plain(200, 150)
    assert bank.run(200, 150) == (plain(200, 150), Counter())


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.sampled_from([200, 300]), st.sampled_from([150, 100])), min_size=1, max_size=4))
def test_whatever_is_edited_the_book_holds_what_the_code_says(
    bank: Bank, edits: list[tuple[int, int]]
) -> None:
    for rate, fee in edits:
        assert bank.run(rate, fee)[0] == plain(rate, fee)
        assert bank.balances() == plain(rate, fee)
