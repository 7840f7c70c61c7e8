"""Runs one command as a whole process and says what it cost: wall, CPU, peak memory, what it left running.

Linux only: the harness makes itself the reaper of processes that outlive the command which started them (a
loader, a store's server), so that their CPU is counted too.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What one command cost, in seconds and bytes.

    Attributes:
        wall: from start to exit.
        result: from start to the line that holds the expected result; None where none was awaited.
        cpu: user and system time of the process and the children it waited for.
        background: CPU of the processes that outlived it (loader, store) while it ran.
        rss: the largest resident set of the process and of the children it waited for.
        status: "ok", "timeout", "exit N", or "wrong result".
    """

    wall: float
    result: float | None
    cpu: float
    background: float
    rss: int
    status: str


class Harness:
    """Starts commands, and keeps account of what they leave behind."""

    def __init__(self) -> None:
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "this process cannot become a subreaper")
        self._reaped = 0.0

    def run(
        self,
        argv: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        *,
        expect: str | None,
        timeout: float,
    ) -> Cost:
        """Run a command to its end, or kill it after `timeout` seconds. Its output stays in the folder."""
        before = self.background_cpu()
        seen: list[float] = []
        with (folder / "stderr.log").open("ab") as errors, (folder / "stdout.log").open("ab") as log:
            started = time.perf_counter()
            process = subprocess.Popen(
                argv,
                cwd=folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )

            def read() -> None:
                assert process.stdout is not None
                for line in process.stdout:
                    if expect is not None and not seen and expect in line.decode(errors="replace"):
                        seen.append(time.perf_counter() - started)
                    log.write(line)

            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            late = threading.Event()

            def stop() -> None:
                late.set()
                os.killpg(process.pid, signal.SIGKILL)

            timer = threading.Timer(timeout, stop)
            timer.start()
            _, code, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(code)  # Popen must not wait for it again
            reader.join(timeout=1)
            if not reader.is_alive() and process.stdout is not None:  # a process left behind may hold it open
                process.stdout.close()
        status = "ok"
        if late.is_set():
            status = "timeout"
        elif process.returncode != 0:
            status = f"exit {process.returncode}"
        elif expect is not None and not seen:
            status = "wrong result"
        return Cost(
            wall=wall,
            result=seen[0] if seen else None,
            cpu=usage.ru_utime + usage.ru_stime,
            background=max(0.0, self.background_cpu() - before),
            rss=usage.ru_maxrss * 1024,
            status=status,
        )

    def background_cpu(self) -> float:
        """CPU seconds, so far, of all processes that were left to us, dead or alive."""
        self._reap()
        return self._reaped + sum(_cpu_of(pid) for pid in _children())

    def end_background(self, timeout: float = 20.0) -> None:
        """Wait for the processes left to us to go by themselves, and kill those that do not."""
        deadline = time.monotonic() + timeout
        while True:
            self._reap()
            left = _children()
            if not left:
                return
            if time.monotonic() > deadline:
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _reap(self) -> None:
        while True:
            try:
                pid, _, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._reaped += usage.ru_utime + usage.ru_stime


def _children() -> list[int]:
    found: list[str] = []
    for thread in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread of ours that has just ended
            found += (thread / "children").read_text("ascii").split()
    return [int(pid) for pid in found]


def _cpu_of(pid: int) -> float:
    """CPU seconds of a process and of the children it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS
