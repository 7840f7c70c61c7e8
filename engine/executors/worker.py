"""A worker process: `python -m headwater.engine.executors.worker IN OUT PARENT`, with two inherited file descriptors.

It answers one request at a time. It is a program of its own rather than a fork, so that no lock, thread or open file
of the scheduler's process is in it, and the user's main script is not run again.

Three more arguments, a project's folder, an entry point's module and a depth, make it a process of that project
(`home`): it works in that folder, and imports from there first.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
import traceback
from contextlib import nullcontext, suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, NoReturn

from headwater.engine import expression_codec
from headwater.engine.crossing import Border, portable, refuse_arrivals, refuse_departure
from headwater.engine.errors import CallError, Unrecordable, WorkerDied
from headwater.engine.executors.base import Outcome, perform
from headwater.engine.executors.upwards import TO_PARENT, importing
from headwater.engine.home import Home, home, settle
from headwater.engine.importing import Spec, import_from_spec
from headwater.engine.interrupts import overhear
from headwater.engine.main_guard import Seen, hash_apart, is_the_same
from headwater.engine.nested import ATOMS
from headwater.engine.prepare import RESULT, Prepared, prepare_unrecorded, prepare_value
from headwater.engine.registry import get_task_registry
from headwater.engine.task import Task
from headwater.engine.traceback import message_of
from headwater.engine.values import ValueStore
from headwater.engine.values.by_name import unpickled
from headwater.engine.values.pickling import pickled

READY = b"ready"
"""The first message of a worker: from here on time counts for the calls that it is given."""

_same: set[Seen] = set()
"""what was found to be the same here; not looked at again, as tasks may change it"""
_imported: set[Spec] = set()
"""the modules that the calls which it was given so far needed"""


class Request(NamedTuple):
    """A call for a worker: where its task is defined, its name and version, and its pickled arguments."""

    module: Spec
    fullname: str
    task_hash: bytes
    arguments: bytes
    values: tuple[str, int | None] | None
    """the value store and how large a value may be, or None where nothing of the call is recorded"""
    unrecorded: bool
    """whether others of its run are"""
    key: bytes | None
    """the call's eval_hash"""
    border: Border | None
    """of a call that comes from another project"""
    apart: bytes | None
    """its version but for what stands under the main program's guard, where there is any"""
    seen: tuple[Seen, ...]
    """what its task reads and the main program may have changed under its guard"""
    further: list[Spec]
    """further modules, in which what the arguments hold is found"""


class Reply(NamedTuple):
    """What came of it: `kind` says what `body` is."""

    kind: str
    """value (pickled), expression (flat), recorded (described below, fetch it when needed), or error (pickled)"""
    body: bytes
    prepared: Prepared | None
    trace: str
    started: float
    stopped: float


def answer(request: Request) -> Reply:
    """Run a call and pack what came of it."""
    started = time.time()
    border = None if request.border is None else Border(*request.border)
    store = ValueStore(request.values[0], largest=request.values[1]) if request.values is not None else None

    def prepare(value: Any, began: float) -> Prepared:
        if store is not None:
            return prepare_value(value, RESULT, store, began)
        return prepare_unrecorded(value, beside_recorded=request.unrecorded)

    try:
        # What the first call of a module imports is no time of its own: `timeout` would never let it begin.
        needed = {request.module, *request.further}
        with nullcontext() if needed <= _imported else importing():
            here = home()
            if border is not None and here is not None:
                os.chdir(here.root)  # the call before may have gone elsewhere
            task = _task_of(request)
            for spec in request.further:
                import_from_spec(spec)
        _imported.update(needed)
        if border is not None:
            refuse_arrivals(border)
        args, kwargs = unpickled(request.arguments)  # a part of a workflow imports what it is made of
        _refuse_others(request)
    except (
        BaseException
    ) as error:  # a module may leave with SystemExit, and is to be answered for all the same
        return _failed(error, started, border)
    outcome = perform(task.body, args, kwargs, prepare, time.time(), key=request.key)
    if outcome.error is not None:
        return _failed(outcome.error, outcome.started, border)
    try:
        if border is not None:
            refuse_departure(outcome.prepared, border)
    except CallError as error:
        return _failed(error, outcome.started, border)
    try:
        if store is not None:
            # The scheduler's process makes safe only what it wrote itself.
            store.sync()
        return _packed(outcome, recorded=store is not None)
    except BaseException as error:
        name = type(outcome.value).__qualname__
        refusal = Unrecordable("result", name, f"pickling it raised {type(error).__name__}: {error}")
        return _failed(refusal, outcome.started, border)


def _task_of(request: Request) -> Task[Any, Any]:
    """The task that a call asks for, its module being imported where it is not yet.

    Raises:
        WorkerDied: it is another one here.
        BaseException: what importing the module raised.
    """
    module = import_from_spec(request.module)
    if module.__name__ != "__main__" and request.module[0] == "__main__":
        sys.modules["__main__"] = module
    task = get_task_registry().get(request.fullname)
    if task.hash != request.task_hash and (request.apart is None or hash_apart(task) != request.apart):
        raise WorkerDied(
            f"{request.fullname} is another task in the process that is to run it: its source changed while the run "
            "went on (start the run again to use it), or what it reads is made under if __name__ == '__main__':, which "
            "is not run there (make it above that, or give it to the task as an argument)"
        )
    return task


def _refuse_others(request: Request) -> None:
    """Refuse a call that would read here what is not what the main program has.

    Raises:
        WorkerDied: naming it.
    """
    others = [one for one in request.seen if one not in _same and not is_the_same(one)]
    _same.update(request.seen)
    if others:
        _same.difference_update(others)
        raise WorkerDied(
            f"{request.fullname}, or what it calls, reads {', '.join(one.name for one in others)}: something else in "
            "the process that is to run the call. The main program may have changed it under its if __name__ == "
            "'__main__':, which is not run there, or it is made anew wherever the file is imported (a time, a random "
            "number). Change it above that, or give it to the task as an argument."
        )


def _packed(outcome: Outcome, *, recorded: bool) -> Reply:
    if outcome.lazy:
        kind, body = "expression", expression_codec.flatten(outcome.value).payload()
    elif recorded and outcome.value.__class__ not in ATOMS:
        kind, body = "recorded", b""
    else:
        kind, body = "value", pickled(outcome.value)
    return Reply(kind, body, outcome.prepared, "", outcome.started, outcome.stopped)


def _failed(error: BaseException, started: float, border: Border | None) -> Reply:
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(here)]
    trace = "".join(traceback.format_list(frames))
    body = _as_bytes(error)
    if border is not None:
        body = portable(body, error, border)
    return Reply("error", body, None, trace, started, time.time())


def _as_bytes(error: BaseException) -> bytes:
    """An error as bytes that give back one of its class, if they can give back any."""
    cls = type(error)
    try:
        body = pickle.dumps(error, 5)
        if type(pickle.loads(body)) is cls:
            return body
    except BaseException:  # whatever its class does with what pickle gives it
        pass
    try:
        # Its class does not take what pickle gives it: all that it holds and can be sent, without asking its __init__.
        args = error.args if _can_be_sent(error.args) else (message_of(error),)
        state = {name: value for name, value in vars(error).items() if _can_be_sent(value)}
        body = pickle.dumps(_Rebuilt(cls, args, state), 5)
        pickle.loads(body)
        return body
    except BaseException:
        return pickle.dumps(Exception(f"{cls.__name__}: {message_of(error)}"), 5)


class _Rebuilt:
    """Pickled in the place of an error: unpickling it gives the error."""

    def __init__(self, *parts: Any) -> None:
        self._parts = parts

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, self._parts


def rebuilt(cls: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    """An error with the arguments and attributes that another had."""
    error = cls.__new__(cls)
    error.args = args
    vars(error).update(state)
    return error


def _can_be_sent(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(value, 5))
    except BaseException:
        return False
    return True


def _watch(parent: int) -> None:
    """Leave when the scheduler's process is gone, whatever runs here, and take along what was started from here."""
    while os.getppid() == parent:
        time.sleep(1)
    _leave()


def _let_go(*ends: Connection) -> None:
    """A process that a task forks is no worker: it answers nobody. And were it to outlive the worker, the scheduler's
    process, which waits for the pipe to end, would wait for it."""
    TO_PARENT.clear()
    for end in ends:
        with suppress(OSError):
            end.close()


def _leave() -> NoReturn:
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def main(argv: list[str]) -> None:
    """Answer requests until there are no more."""
    overhear()
    if len(argv) > 3:
        settle(Home(argv[3], argv[4], int(argv[5])))
        sys.path.insert(0, argv[3])
    requests, replies = Connection(int(argv[0]), writable=False), Connection(int(argv[1]), readable=False)
    threading.Thread(target=_watch, args=(int(argv[2]),), daemon=True).start()
    for end in (requests, replies):
        os.set_inheritable(end.fileno(), False)
    os.register_at_fork(after_in_child=lambda: _let_go(requests, replies))
    TO_PARENT.append(lambda what, answer: replies.send_bytes(pickle.dumps((what, answer), 5)))
    try:
        replies.send_bytes(READY)
    except OSError:
        return
    while True:
        try:
            request = Request(*pickle.loads(requests.recv_bytes()))
        except (EOFError, OSError):
            return
        reply = pickle.dumps(tuple(answer(request)), 5)
        try:
            replies.send_bytes(reply)
        except OSError:  # nobody waits for it: the scheduler's process has gone meanwhile
            _leave()


if __name__ == "__main__":
    # Under its own name, so that what is pickled here is what the scheduler's process knows.
    from headwater.engine.executors import worker

    worker.main(sys.argv[1:])
