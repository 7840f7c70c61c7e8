"""Programs in process groups of their own, of which nothing is left: not when they end, not when they are cancelled,
and not when this process dies, however it does.

A guard, one small shell per process of ours, reads from a pipe which groups there are. When the pipe closes because we
are gone, it ends those that are left.
"""

from __future__ import annotations

import atexit
import os
import selectors
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from headwater.engine.errors import Cancelled

GRACE = 3.0
"""seconds between asking a group to end and ending it"""
_BLOCK = 1 << 16
_POLL = 0.1
"""seconds; a program that ends while others hold its pipes open is noticed this late"""
SOON = 0.1
"""seconds in which what a program left running may end by itself, if it is silent meanwhile"""
_DRAIN = 0.5
"""seconds that what a program left running may go on writing, and those that a daemon outside its group may"""
_GONE = 0.1
"""seconds in which what was killed is gone, but for somebody who takes note of it"""

_GUARD = """
groups=
while read -r sign group; do
  if [ "$sign" = + ]; then groups="$groups $group"; continue; fi
  left=
  for each in $groups; do [ "$each" = "$group" ] || left="$left $each"; done
  groups=$left
done
[ -n "$groups" ] || exit 0
for each in $groups; do kill -s TERM -- "-$each"; done
sleep 2
for each in $groups; do kill -s KILL -- "-$each"; done
"""

_GATE = 'read -r _ && exec "$@"'
"""keeps a program from beginning before the guard knows of it; where we die before that, it never does"""

Sink = Callable[[bool, bytes], None]
"""Takes what a program wrote: whether to its stderr, and the bytes."""

_running: dict[threading.Thread, int] = {}
"""process groups by the thread that waits for each"""
_ended: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""threads that are to start nothing more"""
_lock = threading.Lock()


def run_group(
    command: Sequence[str],
    folder: str,
    sink: Sink,
    say: Callable[[str], None] = lambda _: None,
    environment: Mapping[str, str] | None = None,
    *,
    keep: Sequence[int] = (),
) -> int:
    """Run a program in a folder, hand on all that it writes, and wait until it has ended. What it left running in its
    process group is ended then.

    Args:
        command: the program's path, or a name to be found, and its arguments. Where there is no such program, the
            status is 127.
        say: is told of what the program left running.
        environment: its environment variables; None for ours.
        keep: file descriptors that it inherits.

    Returns:
        Its exit status; minus the number of the signal that ended it.

    Raises:
        OSError: there is no such folder, or no more processes.
        Cancelled: `end_groups` was called for this thread.
    """
    thread = threading.current_thread()
    with _lock:
        _refuse_ended(thread)
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GATE, "sh", *command],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env=environment,
            pass_fds=keep,
        )
        _running[thread] = process.pid
    try:
        _Guard.tell("+", process.pid)
        _open_gate(process)
        _pump(process, sink, say)
    except BaseException:
        if process.returncode is None:
            _signal_group(process.pid, signal.SIGKILL)
        raise
    finally:
        _wait_unreaped(process.pid)
        _end_rest(process, say)
        _Guard.tell("-", process.pid)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
    return process.returncode


def check_going_on() -> None:
    """See whether this thread may still start something.

    Raises:
        Cancelled: `end_groups` was called for it.
    """
    with _lock:
        _refuse_ended(threading.current_thread())


def is_ending(thread: threading.Thread) -> bool:
    """Whether `end_groups` was called for a thread."""
    with _lock:
        return thread in _ended


def _refuse_ended(thread: threading.Thread) -> None:
    if thread in _ended:
        raise Cancelled("the run was stopped before the script began")


def runs_program(thread: threading.Thread) -> bool:
    """Whether a thread waits for a program now."""
    with _lock:
        return thread in _running


def end_groups(threads: Iterable[threading.Thread]) -> None:
    """End what the given threads wait for – ask politely, and insist a little later – and let them start no more."""
    wanted = set(threads)
    with _lock:
        _ended.update(wanted)
    deadline = time.monotonic() + GRACE
    asked = _signal_groups(wanted, signal.SIGTERM)
    while asked and time.monotonic() < deadline:
        time.sleep(0.02)
        with _lock:
            asked = any(thread in wanted for thread in _running)
    if asked:
        _signal_groups(wanted, signal.SIGKILL)


def _signal_groups(threads: set[threading.Thread], number: int) -> bool:
    with _lock:
        groups = [group for thread, group in _running.items() if thread in threads]
        for group in groups:
            _signal_group(group, number)
    return bool(groups)


def _pump(process: subprocess.Popen[bytes], sink: Sink, say: Callable[[str], None]) -> None:
    """Hand on what a program writes until it has ended and its pipes are empty. Who still holds them when it has ended,
    what it left running or a daemon in a group of its own, is not waited for."""
    with selectors.DefaultSelector() as selector:
        for is_error, pipe in ((False, process.stdout), (True, process.stderr)):
            assert pipe is not None
            selector.register(pipe, selectors.EVENT_READ, is_error)
        looked = time.monotonic()
        ended: float | None = None
        killed: float | None = None
        while selector.get_map():
            ready = selector.select(_POLL)
            for key, _ in ready:
                data = os.read(key.fd, _BLOCK)
                if data:
                    sink(key.data, data)
                else:
                    selector.unregister(key.fileobj)
            now = time.monotonic()
            if ended is None and (not ready or now - looked > _POLL):
                looked = now
                ended = now if _has_ended(process.pid) else None
                continue
            if killed is None and ended is not None and now - ended > (_DRAIN if ready else SOON):
                killed = now
                _end_rest(process, say)
            elif killed is not None and now - killed > _DRAIN:
                say(
                    "another process group has its output open still; what that writes from now on is not kept"
                )
                return


def _end_rest(process: subprocess.Popen[bytes], say: Callable[[str], None]) -> None:
    """End what a program that has ended left running and does not end soon by itself, and tell of it."""
    if process.returncode is not None:
        return
    with _lock:
        _running.pop(threading.current_thread(), None)
        process.wait()
    # Now that its leader is reaped, there is a group of that number only where something is left of it.
    if _is_gone(process.pid, SOON):
        return
    _signal_group(process.pid, signal.SIGKILL)
    say("what it left running was ended")
    _is_gone(process.pid, _GONE)  # until it is, it may write


def _is_gone(group: int, within: float) -> bool:
    """Whether nothing is left of a group whose leader is reaped, at the latest after so many seconds."""
    deadline = time.monotonic() + within
    while _is_there(group):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.005)
    return True


def _is_there(group: int) -> bool:
    """Whether anything of a group still runs: more than what nobody has taken note of that it ended, where that can be
    told."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if not os.path.isdir("/proc/self"):
        return True
    return any(_runs_in(group, name) for name in os.listdir("/proc") if name.isdigit())


def _runs_in(group: int, pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, _, its_group, *_ = file.read().rpartition(")")[2].split()
    except (OSError, ValueError):
        return False
    return int(its_group) == group and state not in "ZX"


def _open_gate(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as gate:
        gate.write(b"\n")


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _wait_unreaped(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


class _Guard:
    """The guard of this process: started with the first program, and again after a fork or when it is gone."""

    _process: subprocess.Popen[bytes] | None = None
    _lock = threading.Lock()

    @classmethod
    def tell(cls, sign: str, group: int) -> None:
        line = f"{sign} {group}\n".encode()
        with cls._lock:
            for _ in range(2):
                if cls._process is None:
                    cls._start()
                assert cls._process is not None
                assert cls._process.stdin is not None
                try:
                    cls._process.stdin.write(line)
                    return
                except BrokenPipeError:
                    cls._end()

    @classmethod
    def _start(cls) -> None:
        atexit.register(cls._end)
        cls._process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )

    @classmethod
    def _end(cls) -> None:
        process, cls._process = cls._process, None
        if process is not None:
            assert process.stdin is not None
            with suppress(OSError):
                process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)

    @classmethod
    def let_go_in_child(cls) -> None:
        """A fork has the pipe, too: as long as it lives, the guard could not see the end of its own process."""
        process, cls._process, cls._lock = cls._process, None, threading.Lock()
        if process is not None:
            # It is no child of the fork, and nobody is to be warned that it still runs.
            process.returncode = 0
            assert process.stdin is not None
            with suppress(OSError):
                process.stdin.close()


os.register_at_fork(after_in_child=_Guard.let_go_in_child)
