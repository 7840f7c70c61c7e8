"""What the driver's errors mean: whether trying again may help, and how to say it."""

from __future__ import annotations

from enum import Enum

from headwater.cypher.driver import load_driver
from headwater.cypher.errors import StoreError, StoreRefused, StoreUnavailable, UsageError


class Problem(Enum):
    """What trying again can do."""

    AWAY = "nothing answers: it may come back"
    BUSY = "a race was lost: the next attempt may win"
    FINAL = "the next attempt would end the same way"


CLOSURES = "docs/reference/graph.md#closures"

_RACES_LOCALLY = (
    "ConstraintValidationFailed",
    "ConcurrentModification",
    "NeedRetry",
    "Duplicated key",
    "LockTimeout",
)
_TIMED_OUT = ("TransactionTimedOut", "Transaction.Terminated")


def explain(
    error: Exception, what: str, address: str, who: str, dialect: str, *, asked: str | None
) -> tuple[Problem, StoreError | UsageError]:
    """Whether to try again, and the error to raise where that is over.

    Args:
        what: what was being done.
        who: the user and the database, for the message.
        asked: the query, where a person typed it: its faults are theirs to mend.
    """
    errors = load_driver().exceptions
    code = getattr(error, "code", None) or ""
    message = (getattr(error, "message", None) or str(error)).strip()
    if isinstance(error, errors.IncompleteCommit):
        return Problem.FINAL, StoreUnavailable(
            f"{what}: the connection to {address} broke before the commit was answered; "
            "what was written may be there or not"
        )
    if ".Security." in code or isinstance(error, errors.AuthError):
        return Problem.FINAL, StoreRefused(
            f"the store at {address} refuses {who}: {message}. The user is [store] user in .headwater/headwater.ini or "
            "HEADWATER_STORE_USER; the password is taken from the environment variable HEADWATER_STORE_PASSWORD"
        )
    if "DatabaseNotFound" in code or ("Database" in code and "not" in message and "exist" in message):
        return Problem.FINAL, StoreRefused(
            f"the store at {address} refuses {who}: {message}. Name another one in [store] database of "
            ".headwater/headwater.ini, or leave it out for the server's own"
        )
    if isinstance(error, (errors.UnsupportedServerProduct, errors.ConfigurationError)):
        return Problem.FINAL, StoreRefused(
            f"what answers at {address} is no store that headwater can use: {message}"
        )
    if any(word in code for word in _TIMED_OUT):
        from headwater.cypher.questions import follows_paths

        advice = (
            "the local graph follows every path of a pattern with a *: walk with path.subgraphNodes instead, see "
            f"{CLOSURES}"
            if dialect == "local" and asked is not None and follows_paths(asked)
            else "narrow it down, or allow more with --timeout"
        )
        return Problem.FINAL, StoreError(f"{what} took too long and was given up; {advice}")
    if dialect == "local" and any(word in code or word in message for word in _RACES_LOCALLY):
        return Problem.BUSY, StoreUnavailable(f"{what}: others kept changing the same records: {message}")
    if ".Schema." in code:  # two that migrate at once: `IF NOT EXISTS` looks before it takes the lock
        return Problem.BUSY, StoreError(f"{what}: the store at {address} cannot have this schema: {message}")
    if isinstance(error, (errors.ServiceUnavailable, errors.SessionExpired, OSError)):
        return Problem.AWAY, StoreUnavailable(f"no store answers at {address}: {_first_line(message)}")
    if asked is not None and "OutOfMemory" in code:
        return Problem.FINAL, StoreError(
            f"{what} needs more memory than the store at {address} has for it; narrow it down"
        )
    if isinstance(error, errors.Neo4jError) and error.is_retryable():
        return Problem.BUSY, StoreUnavailable(f"{what}: the store at {address} cannot do it now: {message}")
    if isinstance(error, errors.Neo4jError):
        if asked is not None:
            kind = code.rpartition(".")[2] or type(error).__name__
            return Problem.FINAL, UsageError(f"the store does not accept the query ({kind}): {message}")
        return Problem.FINAL, StoreError(f"{what}: the store at {address} refused it: {code}: {message}")
    return Problem.AWAY, StoreUnavailable(f"{what}: the store at {address} failed: {message}")


def _first_line(message: str) -> str:
    return message.splitlines()[0] if message else "no reason given"
