"""A bank's book in a SQLite file, brought forward step by step.

The file cannot be hashed after each step and kept as a value: it is one thing outside, which every step changes. So it
goes through the steps as a handle. A step that runs again finds whatever later steps have left, and takes that back
before it books anew.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from headwater import File, Handle, merge_handles, task

headwater_namespace = "ledger"

RATE = 200
"""interest in hundredths of a percent"""
FEE = 150
"""cents that an account costs"""


class Ledger(Handle):
    """A book of entries, each with the step that made it."""

    def __init__(self, name: str, path: str) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as book, book:
            book.execute("CREATE TABLE IF NOT EXISTS entries (step TEXT, account TEXT, cents INTEGER)")
            book.execute("CREATE TABLE IF NOT EXISTS steps (place INTEGER, step TEXT)")

    def take_back(self, place: int, step: str) -> None:
        """Leave the book as it was before a step: without its entries and those of the steps that come after it."""
        with closing(sqlite3.connect(self.path)) as book, book:
            later = "SELECT step FROM steps WHERE place > ? OR step = ?"
            book.execute(f"DELETE FROM entries WHERE step IN ({later})", (place, step))
            book.execute("DELETE FROM steps WHERE place > ? OR step = ?", (place, step))
            book.execute("INSERT INTO steps VALUES (?, ?)", (place, step))

    def enter(self, step: str, entries: dict[str, int]) -> None:
        """Write entries into the book."""
        rows = [(step, account, cents) for account, cents in sorted(entries.items())]
        with closing(sqlite3.connect(self.path)) as book, book:
            book.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)

    def balances(self) -> dict[str, int]:
        """What each account has, in cents."""
        with closing(sqlite3.connect(self.path)) as book:
            rows = book.execute("SELECT account, sum(cents) FROM entries GROUP BY account ORDER BY account")
            return dict(rows.fetchall())


@task
def opening(ledger: Ledger, balances: File) -> Ledger:
    """Book what the accounts have to begin with."""
    rows = (line.split(",") for line in balances.read().splitlines())
    ledger.take_back(1, "opening")
    ledger.enter("opening", {account: int(cents) for account, cents in rows})
    return ledger


@task
def interest(ledger: Ledger) -> Ledger:
    """Book the interest of a year."""
    ledger.take_back(2, "interest")
    ledger.enter("interest", {account: n * RATE // 10_000 for account, n in ledger.balances().items()})
    return ledger


@task
def gifts(ledger: Ledger, account: str, cents: int) -> Ledger:
    """Book what an account was given: a branch of its own, since it depends on no balance."""
    ledger.take_back(3, f"gift to {account}")
    ledger.enter(f"gift to {account}", {account: cents})
    return ledger


@task
def fees(ledger: Ledger) -> Ledger:
    """Book what the accounts cost."""
    ledger.take_back(4, "fees")
    ledger.enter("fees", dict.fromkeys(ledger.balances(), -FEE))
    return ledger


@task
def balances(ledger: Ledger) -> dict[str, int]:
    """What each account has in the end."""
    return ledger.balances()


@task
def main(path: str = "ledger.db", accounts: str = "accounts.csv") -> dict[str, int]:
    """Bring the book forward."""
    ledger = interest(opening(Ledger("book", path), File(accounts)))
    presents = [gifts(ledger.fork("ann"), "ann", 500), gifts(ledger.fork("ben"), "ben", 700)]
    return balances(fees(merge_handles(presents)))
