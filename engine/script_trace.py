"""What a script reads and writes, told by its system calls: `strace` runs it, and its report is read afterwards."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

_CALLS = (
    "open,openat,openat2,creat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,truncate,"
    "execve,execveat,chdir,fchdir,clone,clone3,fork,vfork"
)
_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)(?:<(.*)>)?$")
_PART = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>)?(.*?)( *<unfinished \.\.\.>)?$")
"""A call that others come between is written in two parts."""
_SUPERSEDED = re.compile(r"(\d+) +\+\+\+ superseded by execve in pid (\d+) \+\+\+$")
_ARGUMENT = re.compile(r'(?:AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>(?=,)|"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|x[0-9a-f]{2}|.)")
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_FORKS = ("clone", "clone3", "fork", "vfork")
_WRITING = re.compile(r"\bO_(WRONLY|RDWR|CREAT|TRUNC|APPEND)\b")
_NO_CONTENT = re.compile(r"\bO_(DIRECTORY|PATH)\b")
_SYSTEM = (
    "/bin/", "/boot/", "/dev/", "/etc/", "/lib", "/nix/", "/proc/", "/run/", "/sbin/", "/snap/", "/sys/", "/usr/",
    "/var/lib/", "/var/cache/",
)  # fmt: skip
"""what every program reads of the machine it runs on"""
_PATIENCE = 10


@cache
def can_trace() -> bool:
    """Whether `strace` is installed and may do its work here; many containers forbid it."""
    if shutil.which("strace") is None:
        return False
    try:
        done = subprocess.run(
            ["strace", "-DD", "-f", "-y", "-qq", "-o", os.devnull, "-e", "status=successful", "--", "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def traced(words: Sequence[str], report: str) -> list[str]:
    """The command that runs another one and writes its system calls into a file. It is that program which ends and is
    killed, not its tracer, which ends when it has nothing more to trace."""
    options = ["-DD", "-f", "-y", "-qq", "-s", "4096", "-e", f"trace={_CALLS}", "-e", "status=successful"]
    return ["strace", *options, "-o", report, "--", *words]


def read_report(report: str, folder: str) -> tuple[set[str], set[str]]:
    """The files that a traced program wrote, made or removed, and those that it read and did not make.

    What it made and removed again is left out, and so is what programs read of the system, of their own installation,
    and of the user's hidden files (their settings).

    Args:
        folder: where it began.
    """
    # Where a program began is known when its parent's call has ended, which may be told after its own first calls.
    parents = {
        result: (pid, arguments)
        for pid, name, arguments, result, _ in _calls(report, _FORKS)
        if name in _FORKS
    }
    trace = _Trace(folder, parents)
    for call in _calls(report):
        trace.call(*call)
    hidden = os.path.expanduser("~/.")
    own = tuple({*(f"{prefix}/" for prefix in trace.prefixes), f"{sys.prefix}/", *_SYSTEM, hidden})
    read = {path for path in trace.read if not path.startswith(own) and "/site-packages/" not in path}
    written = {path for path in trace.written if not path.startswith(("/dev/", "/proc/"))}
    return written, {path for path in read - trace.written if os.path.isfile(path)}


def _calls(report: str, only: Collection[str] = ()) -> Iterator[tuple[Any, ...]]:
    """Process, name, arguments, result and opened path of each call that succeeded, in the order of their ends.

    Args:
        only: pass over lines that have none of these names in them; both halves of a call have its name.
    """
    begun: dict[str, str] = {}
    with open(report, encoding="ascii", errors="replace") as lines:
        for line in (text.rstrip("\n") for text in lines):
            if only and not any(name in line for name in only):
                continue
            superseded = _SUPERSEDED.match(line)
            if superseded is not None:
                # A thread that runs a program goes on under the number of its process.
                begun[superseded[1]] = begun.pop(superseded[2], "")
                continue
            part = _PART.match(line)
            if part is None:
                continue
            pid, resumed, text, unfinished = part.groups()
            if unfinished:
                begun[pid] = text
                continue
            found = _LINE.match(f"{pid} {begun.pop(pid, '') if resumed else ''}{text}")
            if found is not None:
                yield found.groups()


class _Trace:
    """What the calls so far come to.

    Args:
        parents: of each process or thread, that which began it, and how.

    Attributes:
        prefixes: the folders in which the programs that were run are installed.
    """

    def __init__(self, folder: str, parents: Mapping[str, tuple[str, str]]) -> None:
        self.written: set[str] = set()
        self.read: set[str] = set()
        self.prefixes: set[str] = set()
        self._made: set[str] = set()
        self._folder = folder
        self._folders: dict[str, str] = {}
        self._processes: dict[str, str] = {}
        self._parents = parents

    def call(self, pid: str, name: str, arguments: str, result: str, opened: str | None) -> None:
        pid = self._process_of(pid)
        here = self._folders[pid]
        if name in _FORKS:
            self._process_of(result)
            return
        paths = list(_paths(arguments, here))
        if name in ("open", "openat", "openat2", "creat"):
            self._open(name, arguments, _plain(opened) if opened else paths[-1])
        elif name in ("chdir", "fchdir"):
            self._folders[pid] = paths[0]
        elif name.startswith("exec"):
            program = paths[0]
            self.read.add(program)
            if os.path.basename(os.path.dirname(program)) in ("bin", "sbin", "shims"):
                self.prefixes.add(os.path.dirname(os.path.dirname(program)))
        elif name.startswith("rename"):
            self._gone(paths[0])
            self._write(paths[1])
        elif name.startswith("unlink"):
            self._gone(paths[0])
        elif name == "truncate":
            self._write(paths[0])
        else:  # a link: the new name comes last
            self._write(paths[-1])

    def _process_of(self, pid: str) -> str:
        """Whose working directory counts: a thread's is that of its process. A process begins in its parent's."""
        if pid not in self._processes:
            parent, how = self._parents.get(pid, ("", ""))
            above = self._processes.get(parent)
            is_thread = above is not None and "CLONE_FS" in how
            self._processes[pid] = process = above if above is not None and is_thread else pid
            if not is_thread:
                self._folders[process] = self._folder if above is None else self._folders[above]
        return self._processes[pid]

    def _open(self, name: str, arguments: str, path: str) -> None:
        if name == "creat" or _WRITING.search(arguments):
            self._write(path)
        elif not _NO_CONTENT.search(arguments):
            self.read.add(path)

    def _write(self, path: str) -> None:
        if path not in self.written and path not in self.read:
            self._made.add(path)
        self.written.add(path)

    def _gone(self, path: str) -> None:
        if path in self._made:
            self._made.discard(path)
            self.written.discard(path)
        else:
            self.written.add(path)


def _paths(arguments: str, here: str) -> list[str]:
    """The paths among the arguments of a call, absolute: those of texts, seen from the folder handle before each."""
    found = []
    base: str | None = None
    for handle, text in _ARGUMENT.findall(f"{arguments},"):
        if handle:
            base = _plain(handle)
            continue
        found.append(os.path.normpath(os.path.join(here if base is None else base, _plain(text))))
        base = None
    if base is not None and not found:
        found.append(base)
    return found


def _plain(text: str) -> str:
    """A path as it is, from the way in which strace writes it."""
    return os.fsdecode(
        _ESCAPE.sub(
            lambda m: (
                bytes([int(m[1], 8) & 255])
                if m[1][:1].isdigit()
                else bytes([int(m[1][1:], 16)])
                if m[1][:1] == b"x" and len(m[1]) == 3
                else _LETTERS.get(m[1], m[1])
            ),
            text.encode("latin-1", "replace"),
        )
    )
