"""Scripts: programs in any language as calls, which run again when their text, inputs or outputs change."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, TypeVar, overload
from uuid import uuid4

from headwater.engine.errors import CallError, ScriptError
from headwater.engine.files import Artefact, Dir, File, StagingDir, StagingFile
from headwater.engine.files.under_way import Note, begin, end
from headwater.engine.interpreter import describe_interpreter, interpreter_of
from headwater.engine.nested import find_expressions
from headwater.engine.observed import note
from headwater.engine.options import check_options
from headwater.engine.script_log import ScriptLog, log_path
from headwater.engine.script_manners import Manners
from headwater.engine.script_outputs import Unstaged, collect_outputs
from headwater.engine.script_places import (
    STDOUT_PATH,
    as_inputs,
    as_outputs,
    check_apart,
    check_inputs,
    check_inside,
    check_unchanged,
    stage_inputs,
    written_here,
)
from headwater.engine.script_process import run_group
from headwater.engine.script_register import Places
from headwater.engine.script_room import cleared, room_of, staged_here
from headwater.engine.script_turns import Turn, registered
from headwater.engine.script_watch import Declared
from headwater.engine.secrets import Secrets
from headwater.engine.signature import JobInfo
from headwater.engine.task import Task, task

PROLOGUE = "#!/usr/bin/env bash\nset -exo pipefail\n"
"""What a script begins with that does not name an interpreter: it ends at the first command that fails."""

_Place = TypeVar("_Place", bound=Artefact)
_STDOUT = object()
_OWN_NAMES = frozenset({"command", "inputs", "outputs", "tempdir"})
_IN_MEMORY = 1 << 20
_FORWARDED = ("executor", "limits", "trace_files")


@dataclass(frozen=True)
class ScriptRun:
    """What is recorded of a script that ended well.

    Attributes:
        outputs: what its caller gets.
        interpreter: the program that ran it, and its version.
    """

    outputs: Any
    interpreter: str


@overload
def script(
    command: str | Sequence[Any],
    inputs: Any = (),
    *,
    outputs: StagingFile,
    tempdir: bool = False,
    **task_options: Any,
) -> File: ...


@overload
def script(
    command: str | Sequence[Any],
    inputs: Any = (),
    *,
    outputs: StagingDir,
    tempdir: bool = False,
    **task_options: Any,
) -> Dir: ...


@overload
def script(
    command: str | Sequence[Any],
    inputs: Any = (),
    *,
    outputs: _Place,
    tempdir: bool = False,
    **task_options: Any,
) -> _Place: ...


@overload
def script(
    command: str | Sequence[Any],
    inputs: Any = (),
    outputs: Any = ...,
    tempdir: bool = False,
    **task_options: Any,
) -> Any: ...


def script(
    command: str | Sequence[Any],
    inputs: Any = (),
    outputs: Any = _STDOUT,
    tempdir: bool = False,
    **task_options: Any,
) -> Any:
    """Run a program as a lazy call.

    Args:
        command: the text of a script in any language that its first line names (`#!/usr/bin/env python3`), bash with
            `set -exo pipefail` where it names none; common indentation is taken off. Or a list, one word each, which
            are quoted as the shell needs it.
        inputs: what the script depends on, nested as wanted: files and folders, which are to be there; what `stage()`
            gives, which is copied to its local place before; other values, which count too.
        outputs: what the script makes, and the shape of what the call gives: files and folders, which are to be there
            afterwards; what `stage()` gives, which is copied home; `File("-")` for its stdout; other values, which are
            given as they are. Default: its stdout, as text where it is UTF-8, else as bytes.
        tempdir: run in a new folder that is removed afterwards.
        **task_options: options as of any task, like `executor` or `limits`.

    Raises (when it is evaluated):
        ScriptError: it failed, or an output is missing, or an input changed meanwhile.
        FileNotFoundError: an input is missing.

    Raises (at once):
        CallError: there is no command, or it holds the value of a secret environment variable.
        TaskDefinitionError: an option that cannot be.
    """
    made = File(STDOUT_PATH) if outputs is _STDOUT else outputs
    check_options(task_options, _OWN_NAMES)
    call = run_script.options(**task_options)(
        _prepared(command) if not find_expressions(command) else command,
        _declare_inputs(inputs) if find_expressions(inputs) else as_inputs(inputs),
        _declare_outputs(made) if find_expressions(made) else as_outputs(made),
        tempdir,
    )
    return call.outputs


def script_body(func: Callable[..., Any], definition: Mapping[str, Any]) -> Callable[..., Any]:
    """What runs for a task whose function returns the text of a script."""
    options = {name: definition[name] for name in _FORWARDED if name in definition}

    def body(*args: Any, **kwargs: Any) -> Any:
        return script(func(*args, **kwargs), **options)

    return body


def get_task_command(
    task: Task[..., Any], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
) -> str:
    """The text of the script that a call of a task with `script=True` runs, which is not run: for tests of such tasks.

    Args:
        args, kwargs: the call's arguments, none of them lazy.

    Raises:
        CallError: the task is none of that kind, or gives no command.
    """
    if not task.script:
        raise CallError(
            f"{task.fullname} is no script task: put @task(script=True) over a function that gives a text"
        )
    return prepare_command(task.func(*args, **(kwargs or {})))


def prepare_command(command: str | Sequence[Any]) -> str:
    """The whole text that `script(command)` runs: without common indentation, and with a first line that names the
    interpreter.

    Raises:
        CallError: there is no command, or it holds the value of a secret environment variable.
    """
    if isinstance(command, (list, tuple)):
        command = shlex.join(os.fspath(w) if hasattr(w, "__fspath__") else str(w) for w in command)
    elif isinstance(command, bytes):
        command = command.decode()
    return str(_prepared(command))


def _prepared(command: Any) -> Any:
    """The whole text of a script; a list that names files stays a list, so that what is in them counts.

    Raises:
        CallError: there is no command, or it holds the value of a secret environment variable.
    """
    if isinstance(command, (list, tuple)):
        if any(not isinstance(word, (str, int, float)) for word in command):
            return list(command)
        command = shlex.join(map(str, command))
    if not isinstance(command, str) or not command.strip():
        raise CallError(f"script(...) needs a command, a text or a list of words, and was given {command!r}")
    text = dedent(command).lstrip("\n").rstrip() + "\n"
    first = next(line for line in text.splitlines() if line.strip())
    text = text[text.index(first) :] if first.startswith("#!") else PROLOGUE + text
    named = Secrets().in_plain(text)
    if named is not None:
        raise CallError(
            f"the script holds the value of the environment variable {named}, and its text is recorded. "
            f'Write "${named}" in it instead, or read the variable where the script needs it'
        )
    return text


@task(name="script_inputs", namespace="headwater", version="1")
def _declare_inputs(inputs: Any) -> Any:
    """Inputs that tasks gave, as a script takes them."""
    return as_inputs(inputs)


@task(name="script_outputs", namespace="headwater", version="1")
def _declare_outputs(outputs: Any) -> Any:
    """Outputs that tasks gave, as a script takes them."""
    return as_outputs(outputs)


_THE_JOB = JobInfo()


@task(name="script", namespace="headwater", version="1")
def run_script(command: Any, inputs: Any, outputs: Any, tempdir: bool, info: JobInfo = _THE_JOB) -> ScriptRun:
    """Run a script with what it declares. `script(...)` makes the call."""
    text = prepare_command(command)
    if tempdir:
        check_inside(inputs, outputs)
    check_inputs(inputs)
    note(None)
    with ExitStack() as ends:
        scratch = ends.enter_context(_scratch())
        folder = os.path.join(scratch, "folder") if tempdir else os.getcwd()
        os.makedirs(folder, exist_ok=True)
        check_apart(inputs, outputs, folder)
        stages = set() if tempdir else staged_here(inputs, outputs, folder)
        rooms = {room_of(place, folder) for place in stages}
        places = Places(written_here([command, inputs], outputs), stages, rooms)
        turn = ends.enter_context(registered(places, info.execution_id))
        for place in sorted(stages):
            ends.enter_context(cleared(place))
        stage_inputs(inputs, folder)
        unstaged = Unstaged([command, inputs], outputs, folder, tempdir=tempdir)
        declared = Declared(command, inputs, outputs, folder)
        manners = Manners(declared, scratch, folder, info, tempdir=tempdir)
        path = None
        if info.project is not None and info.job_id is not None:
            path = log_path(info.project, info.job_id)
        try:
            stdout, interpreter = _run(text, scratch, turn, ScriptLog(path), manners)
        except ScriptError as error:
            error.observed = manners.observed([])
            raise
        unstaged.check()
        told = check_unchanged(inputs)
        observed = manners.observed(told)
        result = ScriptRun(collect_outputs(outputs, folder, stdout), interpreter)
        note(observed)
        return result


@contextmanager
def _scratch() -> Iterator[str]:
    """A temporary folder."""
    path = os.path.join(tempfile.gettempdir(), f"headwater-script-{uuid4().hex}")
    begin(Note(path))
    try:
        os.mkdir(path, 0o700)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        end(path)


def _run(text: str, scratch: str, turn: Turn, log: ScriptLog, manners: Manners) -> tuple[str | bytes, str]:
    """Run a script's text; give its stdout and its interpreter."""
    program = os.path.join(scratch, "script")
    with open(program, "x", encoding="utf-8", errors="surrogateescape", opener=_private) as file:
        file.write(text)
    words = interpreter_of(text)
    interpreter = describe_interpreter(words)
    if shutil.which(words[0]) is None:
        raise ScriptError(
            f"the script's first line asks for {words[0]}, which is no program on this machine. Name one that is "
            "installed, like #!/usr/bin/env bash"
        )
    with log, tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=scratch) as spool:

        def take(is_error: bool, data: bytes) -> None:
            if not is_error:
                spool.write(data)
            log.take(is_error, data)

        log.note(f"{interpreter} in {manners.folder}")
        manners.explain(log)
        began = time.monotonic()
        command = manners.command([*words, program])
        status = run_group(command, manners.folder, take, log.note, turn.environment, keep=turn.keep)
        log.note(f"{_ended(status)} after {time.monotonic() - began:.3f} s")
        if status != 0:
            raise _failed(text, status, log)
        spool.seek(0)
        written = spool.read()
    try:
        return written.decode(), interpreter
    except UnicodeDecodeError:
        return written, interpreter


def _failed(text: str, status: int, log: ScriptLog) -> ScriptError:
    stderr = log.last_lines()
    lines = [
        line
        for line in text.removeprefix(PROLOGUE).splitlines()
        if line.strip() and not line.startswith("#!")
    ]
    first = lines[0][:100] if lines else ""
    message = f"the script {first!r} ended with {_ended(status)}"
    if stderr:
        message += ". Its last lines on stderr:\n" + "\n".join(f"  {line}" for line in stderr.splitlines())
    if log.path is not None:
        message += f"\nAll that it wrote: {log.path}"
    return ScriptError(message, exit_status=status, stderr=stderr, log=log.path)


def _ended(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"signal {-status}"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o700)
