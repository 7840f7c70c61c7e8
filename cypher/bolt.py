"""What both stores share: sessions over Bolt, retries, and errors in our own words."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from headwater.cypher.bolt_errors import Problem, explain
from headwater.cypher.bolt_values import plain_row
from headwater.cypher.driver import load_driver
from headwater.cypher.errors import StoreError, StoreUnavailable, UsageError
from headwater.cypher.queries import load
from headwater.cypher.waiting import Overdue, Unanswered, Waiting

if TYPE_CHECKING:
    import neo4j
    from headwater.cypher.answers import Graph, Plan, Table

_T = TypeVar("_T")

PATIENCE_AWAY = 5.0
"""Seconds for which a store that does not answer is tried again."""
PATIENCE_BUSY = 30.0
"""Seconds for which a transaction that lost a race is tried again."""
CONNECT_SECONDS = 5.0
"""Seconds for which a connection is waited for."""
GRACE = 5.0
"""Seconds after its time limit in which the store has to end a person's query, before it is left alone."""
PORTION = 1000
"""rows that a person's query gets at once"""
NOW: Mapping[str, Any] = {"as_of": None}
"""What every reading query may refer to: it is asked for the graph as it is, see `as_of`."""


class BoltStore:
    """A store that speaks Bolt. The two kinds differ in how they are found and in their dialect."""

    dialect: ClassVar[str]
    address: str

    def __init__(self) -> None:
        self._driver: neo4j.Driver | None = None
        self._closed = False
        self._waiting = Waiting(self._knock, self._abandon)

    # -- what the kinds say ----------------------------------------------------------------------------------------

    def _connect(self) -> neo4j.Driver:
        """A driver for the store, not yet connected."""
        raise NotImplementedError

    def _database(self) -> str | None:
        raise NotImplementedError

    def _who(self) -> str:
        """The user and the database, for messages."""
        raise NotImplementedError

    def _recover(self) -> None:
        """The store does not answer: do what can be done about it before it is tried again."""

    # -- the protocol ----------------------------------------------------------------------------------------------

    @property
    def moment(self) -> None:
        return None

    def check(self) -> None:
        from headwater.cypher.migrate import check_version

        check_version(self)

    def rows(self, query: str, /, **params: Any) -> list[tuple[Any, ...]]:
        text = load(query, self.dialect)
        return self._persist(lambda: self._read(text, {**NOW, **params}), f"query {query}")

    def each(self, query: str, take: Callable[[tuple[Any, ...]], None], /, **params: Any) -> None:
        text = load(query, self.dialect)
        error = self._persist(lambda: self._hand_over(text, {**NOW, **params}, take), f"query {query}")
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback has this frame

    def rows_now(self, query: str, /, **params: Any) -> list[tuple[Any, ...]]:
        """As `rows`, but a store that does not answer is not waited for."""
        text = load(query, self.dialect)
        return self._persist(lambda: self._read(text, {**NOW, **params}), f"query {query}", away=0.0)

    def write(self, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[tuple[Any, ...]]]:
        texts = [(load(name, self.dialect), params) for name, params in statements]
        names = ", ".join(dict.fromkeys(name for name, _ in statements))
        return self._persist(lambda: self._write(texts), f"write {names}")

    def ask(self, text: str, params: Mapping[str, Any], *, timeout: float, limit: int) -> Table:
        from headwater.cypher.answers import table_of
        from headwater.cypher.questions import returned_columns

        text = self._reading(text)
        table = self._ask(text, params, lambda result: table_of(result, limit), timeout=timeout, limit=limit)
        if not table.columns:  # the local graph names none where there are no rows
            table = replace(table, columns=returned_columns(text))
        return table

    def ask_graph(self, text: str, params: Mapping[str, Any], *, timeout: float, limit: int) -> Graph:
        from headwater.cypher.answers import graph_of

        return self._ask(
            self._reading(text), params, lambda result: graph_of(result, limit), timeout=timeout, limit=limit
        )

    def explain(self, text: str, params: Mapping[str, Any], *, timeout: float) -> Plan:
        from headwater.cypher.answers import plan_of
        from headwater.cypher.questions import unexplained

        return self._ask(f"EXPLAIN {unexplained(self._reading(text))}", params, plan_of, timeout=timeout)

    def meanwhile(self, do: Callable[[], None]) -> None:
        self._waiting.meanwhile = do

    def close(self) -> None:
        self._closed = True
        self._drop()
        self._waiting.close()

    # -- below -----------------------------------------------------------------------------------------------------

    def run_schema(self, text: str, params: Mapping[str, Any] | None = None) -> None:
        """Run one statement of a migration in a transaction of its own."""

        def work() -> None:
            with self._session("WRITE") as session:
                session.run(text, dict(params or {})).consume()

        self._persist(work, "migration")

    def _session(self, access: str, fetch_size: int = -1) -> neo4j.Session:
        return self._open().session(
            database=self._database(), default_access_mode=access, fetch_size=fetch_size
        )

    def _open(self) -> neo4j.Driver:
        if self._closed:
            raise StoreError(f"the store at {self.address} was closed")
        driver = self._driver
        if driver is None:
            driver = self._driver = self._connect()
        return driver

    def _drop(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _abandon(self) -> None:
        """Let go of the connections without a wait: somebody may hang in the middle of one, and is let go by this."""
        driver, self._driver = self._driver, None
        if driver is not None:
            threading.Thread(target=driver.close, name="headwater-store-close", daemon=True).start()

    def _knock(self) -> None:
        """Connect anew, which the driver waits for only so long."""
        errors = load_driver().exceptions
        driver = self._connect()
        try:
            driver.verify_connectivity()
        except errors.Neo4jError:
            return  # whoever refuses us is alive
        finally:
            driver.close()

    def _answer(self, work: Callable[[], _T], most: float | None) -> _T:
        self._open()  # here: the local graph may have to be started, which takes its time
        return self._waiting.answer(work, most)

    def _read(self, text: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._session("READ") as session:
            return [plain_row(record) for record in session.run(text, dict(params))]

    def _hand_over(
        self, text: str, params: Mapping[str, Any], take: Callable[[tuple[Any, ...]], None]
    ) -> BaseException | None:
        """Hand over each row.

        Returns:
            what `take` raised, which is none of the store's errors and ends the reading.
        """
        with self._session("READ") as session:
            for record in session.run(text, dict(params)):
                row = plain_row(record)
                try:
                    take(row)
                except BaseException as error:
                    return error
        return None

    def _write(self, texts: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[tuple[Any, ...]]]:
        with self._session("WRITE") as session, session.begin_transaction() as transaction:
            answers = [
                [plain_row(record) for record in transaction.run(text, dict(params))]
                for text, params in texts
            ]
            transaction.commit()
            return answers

    def _reading(self, text: str) -> str:
        """A person's query as one statement, which was found to read only."""
        from headwater.cypher.guard import check_read_only
        from headwater.cypher.questions import one_statement

        check_read_only(text, self.dialect)
        return one_statement(text)

    def _ask(
        self,
        text: str,
        params: Mapping[str, Any],
        take: Callable[[neo4j.Result], _T],
        *,
        timeout: float,
        limit: int = PORTION,
    ) -> _T:
        """Ask a person's query. Its rows come in portions, and none where those before reach the limit."""
        query = load_driver().Query(text, timeout=timeout)

        def work() -> _T:
            with self._session("READ", min(limit + 1, PORTION)) as session:
                return take(session.run(query, {**NOW, **params}))

        return self._persist(work, "your query", asked=text, most=timeout + GRACE)

    def _persist(
        self,
        work: Callable[[], _T],
        what: str,
        *,
        away: float = PATIENCE_AWAY,
        asked: str | None = None,
        most: float | None = None,
    ) -> _T:
        """Do the work, again and again where that may help, and say what went wrong where it does not."""
        driver_errors = load_driver().exceptions
        began = time.monotonic()
        pause = 0.01
        recovered = False
        while True:
            try:
                return self._answer(work, most)
            except Overdue as error:
                raise StoreError(
                    f"{what} took too long and was given up; the store was told to end it, and may be busy with it "
                    "for a while. Narrow it down, or allow more with --timeout"
                ) from error
            except Unanswered as error:
                raise StoreUnavailable(
                    f"{what}: the store at {self.address} has stopped answering, and lets nobody in"
                ) from error
            except (driver_errors.DriverError, driver_errors.Neo4jError, OSError) as error:
                problem, failure = explain(error, what, self.address, self._who(), self.dialect, asked=asked)
                waited = time.monotonic() - began
                if problem is Problem.AWAY and not recovered:
                    recovered = True
                    self._drop()
                    self._recover()
                elif problem is Problem.FINAL or waited > (
                    PATIENCE_BUSY if problem is Problem.BUSY else away
                ):
                    raise failure from error
            except UnicodeEncodeError as error:
                raise UsageError(f"{error.object!r} is no text: a byte in it is not UTF-8") from error
            except ValueError as error:  # what the driver says to an address it does not understand
                raise UsageError(f"{self.address} is not the address of a store: {error}") from error
            self._waiting.meanwhile()
            time.sleep(random.uniform(0.5, 1.5) * pause)
            pause = min(pause * 2, 1.0)


def open_driver(uri: str, user: str, password: str | None) -> neo4j.Driver:
    """A driver with our settings.

    Raises:
        UsageError: the address is not one.
    """
    module = load_driver()
    auth = None if password is None else (user, password)
    try:
        driver: neo4j.Driver = module.GraphDatabase.driver(
            uri,
            auth=auth,
            connection_timeout=CONNECT_SECONDS,
            connection_acquisition_timeout=CONNECT_SECONDS,  # the handshake of a connection included
            telemetry_disabled=True,
        )
    except (module.exceptions.ConfigurationError, ValueError) as error:
        raise UsageError(
            f"{uri} is not the address of a store: {error}. "
            "Examples: local, bolt://host:7687, neo4j://host:7687, neo4j+s://host"
        ) from error
    return driver


__all__ = ["PATIENCE_AWAY", "PATIENCE_BUSY", "PORTION", "BoltStore", "StoreUnavailable", "open_driver"]
