"""Runs calls in worker processes of this machine: for work that holds the interpreter's lock.

Each of the executor's threads has a process of its own and talks to it over a pair of pipes. A process that dies takes
down the one call it ran; the next call gets a new process. A call of another project's task (`home`) runs in a process
of that project for the entry point's module, which is kept for the next such call, whichever thread has it.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import weakref
from contextlib import suppress
from multiprocessing.connection import Connection
from time import time
from typing import TYPE_CHECKING, Any

from headwater.engine import expression_codec
from headwater.engine.crossing import border_of
from headwater.engine.errors import Cancelled, TaskTimeout, Unrecordable, WorkerDied
from headwater.engine.executors.base import Completed, Outcome, Prepare
from headwater.engine.executors.threads import Hand, ThreadExecutor
from headwater.engine.executors.upwards import IMPORTS, WAITS, Send
from headwater.engine.home import Home, home
from headwater.engine.importing import import_spec, refuse_run_on_import
from headwater.engine.job import Stored
from headwater.engine.main_guard import MainGuard, hash_apart
from headwater.engine.sent import Named
from headwater.engine.signature import JobInfo
from headwater.engine.timeouts import time_to_import
from headwater.engine.traceback import WorkerTraceback
from headwater.engine.values.by_name import unpickled
from headwater.engine.values.pickling import pickled

if TYPE_CHECKING:
    from headwater.engine.executors.worker import Reply
    from headwater.engine.job import Job


class ProcessExecutor(ThreadExecutor):
    """Up to `workers` calls at a time, each in a process that is kept for the next one."""

    def __init__(self, name: str, workers: int) -> None:
        super().__init__(name, workers)
        self._processes: set[_Worker] = set()
        self._killed = False
        """whether none of them is to go on, nor any that is being started"""
        self._guard: MainGuard | None = None
        self._waiting: list[_Worker] = []
        """those that are no thread's, because it went on with a call for another project"""

    def start(self, prepare: Prepare, completed: Completed) -> None:
        super().start(prepare, completed)
        self._killed = False
        values = getattr(getattr(prepare, "__self__", None), "values", None)
        self._values = (values.address, values.largest) if values is not None else None

    def stop(self, *, wait: bool) -> None:
        if not wait:
            self._killed = True
            for worker in list(self._processes):
                worker.kill()
        super().stop(wait=wait)
        while self._waiting:
            self._end(self._waiting.pop())

    def _give_up(self, hand: Hand) -> bool:
        hand.job = None
        worker, hand.worker = hand.worker, None
        if worker is not None:
            worker.kill()
        return True

    def _work(self, hand: Hand) -> None:
        try:
            super()._work(hand)
        finally:
            if hand.worker is not None:
                self._end(hand.worker)

    def _run(self, job: Job, hand: Hand) -> Outcome:
        started = time()
        hand.since = 0.0
        hand.job = job
        job.idle = False
        worker: _Worker | None = hand.worker
        try:
            refuse_run_on_import(processes=True)
            place = _home_of(job)
            request = self._request(job, place)
            if worker is not None and worker.home != place:
                self._put_aside(hand)
                worker = None
            if worker is None:
                worker = hand.worker = self._taken_up(place) or _Worker(place)
                self._processes.add(worker)
                if self._killed:  # asked afterwards: `stop` has not seen it, or has ended it
                    worker.kill()
        except Exception as error:
            return Outcome(None, False, None, error, started, time())
        try:
            worker.wait_until_ready()
            hand.since = time()
            if hand.job is not job:
                return Outcome(
                    None, False, None, Cancelled(f"{job.task.fullname} was cancelled"), started, time()
                )
            reply = worker.ask(request, hand, _send_of(job), _time_to_import(job))
        except _StillImporting as slow:
            self._dismiss(hand, worker)
            late = TaskTimeout(job.task.fullname, slow.seconds, importing=True)
            return Outcome(None, False, None, late, started, time())
        except (EOFError, OSError):
            hand.worker = None
            code = self._end(worker)
            died = WorkerDied(
                f"the process that ran {job.task.fullname} ended before it answered ({_exit_text(code)}). "
                "Was it killed for using too much memory, or did the task call os._exit?"
            )
            return Outcome(None, False, None, died, started, time())
        except BaseException:
            # What the process still answers nobody reads: the next call would take it for its own.
            self._dismiss(hand, worker)
            raise
        with self._condition:
            # From here on nobody takes this thread for one that still runs the call.
            hand.job = None
            given_up = hand.worker is not worker
        if given_up:
            self._end(worker)
        return _outcome(reply)

    def _dismiss(self, hand: Hand, worker: _Worker) -> None:
        """End a process in the midst of a call."""
        hand.worker = None
        worker.kill()
        self._end(worker)

    def _put_aside(self, hand: Hand) -> None:
        with self._condition:
            worker, hand.worker = hand.worker, None
            if worker is not None:
                self._waiting.append(worker)

    def _taken_up(self, place: Home | None) -> _Worker | None:
        with self._condition:
            found = next((worker for worker in self._waiting if worker.home == place), None)
            if found is not None:
                self._waiting.remove(found)
            return found

    def _end(self, worker: _Worker) -> int | None:
        self._processes.discard(worker)
        return worker.close()

    def _request(self, job: Job, place: Home | None) -> bytes:
        args, kwargs = job.arguments()
        task = job.task
        module = sys.modules.get(task.load_module or "__main__")
        if module is None:
            raise WorkerDied(
                f"{task.fullname}: the module {task.load_module} that defines it is not imported"
            )
        border = None
        if place is not None:
            given = [value for value in job.values or () if not isinstance(value, JobInfo)]
            border = tuple(border_of(given[1:], f"{task.name}({given[0]!r}, ...)"))
        named = Named()
        try:
            arguments = pickled((args, kwargs), seen=named.by)
        except Exception as error:
            path = f"{task.fullname}(...)"
            raise Unrecordable(path, "call", f"its arguments cannot be sent to a process: {error}") from error
        values = None if job.unrecorded else self._values
        self._guard = self._guard or MainGuard()
        return pickle.dumps(
            (
                tuple(import_spec(module)),
                task.fullname,
                task.hash,
                arguments,
                values,
                job.unrecorded,
                job.eval_hash,
                border,
                hash_apart(task),
                self._guard.seen_by(task, named),
                named.specs({str(task.load_module)}) if border is None else [],
            ),
            5,
        )


def _time_to_import(job: Job) -> float | None:
    """Seconds that a process has to import for a call; None where it has all."""
    timeout = job.options.get("timeout")
    return None if timeout is None else time_to_import(timeout)


def _home_of(job: Job) -> Home | None:
    """The project whose process is to run a call; None where that is this one's."""
    return next((info.home for info in job.infos()), None)


_IN_A_FOLDER = """\
import sys
sys.path[:] = filter(None, sys.path)
from headwater.engine.executors import worker
worker.main(sys.argv[1:])
"""
"""What a process of a project runs: the working directory, wherever that is, is no place to import from by itself."""


class _StillImporting(Exception):
    """A process has imported for so many seconds, which is all that it had."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class _Worker:
    """A worker process and the pipes to it.

    Args:
        place: the project that it is to be a process of; None for that of this process.
    """

    def __init__(self, place: Home | None) -> None:
        self.home = place
        place = place or home()
        command, folder, environment = ["-m", "headwater.engine.executors.worker"], None, None
        further: list[str] = []
        if place is not None:
            command, folder, further = (
                ["-c", _IN_A_FOLDER],
                place.root,
                [place.root, place.module, str(place.depth)],
            )
            if "HEADWATER_PROJECT" in os.environ:
                environment = {**os.environ, "HEADWATER_PROJECT": place.root}
        their_in, our_out = os.pipe()
        our_in, their_out = os.pipe()
        self._out, self._in = Connection(our_out, readable=False), Connection(our_in, writable=False)
        _all.add(self)
        self._process = subprocess.Popen(
            [sys.executable, *command, str(their_in), str(their_out), str(os.getpid()), *further],
            pass_fds=(their_in, their_out),
            cwd=folder,
            env=environment,
            # A group of its own, so that what its tasks start ends with it.
            start_new_session=True,
        )
        os.close(their_in)
        os.close(their_out)
        self._ready = False

    def wait_until_ready(self) -> None:
        """Wait until the process has started.

        Raises:
            EOFError, OSError: the process is gone.
        """
        if not self._ready:
            self._in.recv_bytes()
            self._ready = True

    def ask(self, request: bytes, hand: Hand, send: Send | None, seconds: float | None) -> Reply:
        """Send a request and wait for the reply.

        Args:
            hand: who waits; is told when the call waits for others.
            send: is told what a run inside the call has to say until then.
            seconds: for which the process may import; None for as long as it takes.

        Raises:
            EOFError, OSError: the process is gone.
            _StillImporting: it has imported for longer than it may.
        """
        from headwater.engine.executors.worker import Reply

        self._out.send_bytes(request)
        while True:
            answer = pickle.loads(self._in.recv_bytes())
            if len(answer) != len(_SAID):
                return Reply(*answer)
            if answer[0] in (WAITS, IMPORTS):
                hand.waits(answer[1])
                # while it imports, it says nothing else
                if answer == (IMPORTS, True) and seconds is not None and not self._in.poll(seconds):
                    raise _StillImporting(seconds)
                continue
            assert send is not None
            send(*answer)

    def let_go(self) -> None:
        """Close our ends of the pipes."""
        for end in (self._out, self._in):
            with suppress(OSError):
                end.close()

    def kill(self) -> None:
        """End the process at once, with everything that was started from it."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> int | None:
        """Let the process end, and say how it did."""
        self.let_go()
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


_all: weakref.WeakSet[_Worker] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """A forked child has our ends of the pipes, too: as long as it lives, no process would see that we let go."""
    for worker in list(_all):
        worker.let_go()


os.register_at_fork(after_in_child=_let_go_in_child)

_SAID = ("what", "answer")
"""The parts of what a run inside a call says; a reply has more."""


def _send_of(job: Job) -> Send | None:
    """Whom a run inside a call answers."""
    return next((info.send for info in job.infos()), None)


def _outcome(reply: Reply) -> Outcome:
    try:
        if reply.kind == "error":
            raised: Any = pickle.loads(reply.body)
            raised.headwater_worker_traceback = WorkerTraceback(reply.trace)
            return Outcome(None, False, None, raised, reply.started, reply.stopped)
        if reply.kind == "expression":
            return Outcome(expression_codec.load(reply.body), True, None, None, reply.started, reply.stopped)
        if reply.kind == "recorded":
            assert reply.prepared is not None
            record = reply.prepared.record
            assert record is not None
            value: Any = Stored(record.type, record.codec, record.payload, record.location)
        else:
            value = unpickled(reply.body)
    except BaseException as error:  # unpickling runs code of the user's
        return Outcome(None, False, None, error, reply.started, reply.stopped)
    return Outcome(value, False, reply.prepared, None, reply.started, reply.stopped)


def _exit_text(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
