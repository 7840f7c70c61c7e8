"""`hw run FILE TASK`: run a task of a script, show how it goes, and see it recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from headwater.cli import _output
from headwater.cli._running import BACKGROUND, Options, run_expression
from headwater.cypher.alike import most_alike
from headwater.cypher.errors import UsageError
from headwater.cypher.tag_names import split_tag

if TYPE_CHECKING:
    from headwater.cli._flags import Flag

OPTIONS: list[click.Parameter] = [
    click.Option(["--no-cache"], is_flag=True, help="Run every task, whatever was recorded."),
    click.Option(["--no-prov"], is_flag=True, help="Record nothing of the run, and reuse nothing."),
    click.Option(["--keep-going"], is_flag=True, help="After a failure, run all that does not depend on it."),
    click.Option(["--dryrun"], is_flag=True, help="Run nothing: list what would run first, and why."),
    click.Option(
        ["--rerun"],
        metavar="ID",
        help="Instead of TASK: call what that run or job called, with its arguments; --PARAMETER VALUE replaces one.",
    ),
    click.Option(
        ["-o", "--option"],
        multiple=True,
        metavar="KEY=VALUE",
        help="An option of the call, like timeout=60, executor=process or limits=gpu; may be repeated.",
    ),
    click.Option(
        ["-i", "--input"],
        metavar="FILE",
        help="Arguments by name, as a JSON object; --PARAMETER VALUE goes before.",
    ),
    click.Option(
        ["-s", "--setup"],
        multiple=True,
        metavar="KEY=VALUE",
        help="An argument of the project's setup_scheduler; may be repeated.",
    ),
    click.Option(["--setup-help"], is_flag=True, help="Say which arguments that takes."),
    click.Option(["-t", "--tag"], multiple=True, metavar="KEY=VALUE", help="Mark this run; may be repeated."),
    click.Option(
        ["-u", "--user"],
        metavar="NAME",
        help="Who asks for it, recorded beside the account that runs it. Environment: HEADWATER_USER=NAME.",
    ),
    click.Option(["--doc"], metavar="TEXT", help="What this run is for: the tag doc=TEXT."),
    click.Option(
        ["--context"],
        multiple=True,
        metavar="PATH=VALUE",
        help="A value that tasks read with get_context, like model.rate=0.1; may be repeated.",
    ),
    click.Option(["--context-file"], metavar="FILE", help="A JSON object of such values."),
    click.Option(
        ["--background-load/--wait", "--no-wait"],
        default=None,
        help="Leave the graph to a background process instead of waiting until it holds the run. "
        f"Environment: {BACKGROUND}=yes; setting: [run] background_load.",
    ),
    click.Option(["-v", "--verbose"], is_flag=True, help="Show what scripts write while they write it."),
    click.Option(["--pdb"], is_flag=True, help="Where the run fails, debug the task that did."),
    click.Option(["--json", "as_json"], is_flag=True, help="Print the outcome as JSON."),
]


@click.command(
    params=[
        *OPTIONS,
        click.Argument(["file"], metavar="FILE"),
        click.Argument(["words"], nargs=-1, type=click.UNPROCESSED, metavar="[TASK] [--PARAMETER VALUE]..."),
    ],
    context_settings={"allow_interspersed_args": False},
)
@click.pass_context
def command(ctx: click.Context, /, file: str, words: tuple[str, ...], **given: Any) -> int:
    """Run a task of a script and record it.

    FILE is a script or the dotted name of a module. Without TASK, its tasks are listed; TASK --help shows
    what the task takes. The options may stand anywhere; where the task has a parameter of the same name, what
    stands after TASK is the task's.

    The run is recorded in the project of the current folder or the nearest one above it. Where there is none,
    the current folder is made one.
    """
    from headwater.cli import _flags, _workflow

    head, name, rest = _split(words, rerun=given["rerun"] is not None)
    if name is not None and "--help" not in words:
        _start_ahead()
        _import_ahead()
    module = _workflow.load(file)
    if given["setup_help"] or "--setup-help" in words:
        from headwater.cli._setup import setup_help
        from headwater.cypher.project import find_project

        setup_help(find_project(), f"{ctx.command_path} {file} TASK")
        return 0
    what = _options(given, _parse(ctx, [word for word in head if word != "--help"])).rerun
    if what is not None:
        return _rerun(ctx, what, head=head, rest=rest, given=given, module=module, file=file)
    if name is None:
        _list_tasks(ctx, module, file)
        return 0
    task = _workflow.find_task(module, name, file)
    flags = _flags.flags_of(task.func, task.plan.signature)
    found = _flags.read_words(rest, flags, _own_flags(), task=task.fullname)
    if found.help or "--help" in head:
        click.echo(_flags.task_help(f"{ctx.command_path} {file} {name}", task.func.__doc__, flags))
        return 0
    own = [word for word in head if word != "--help"] + found.own
    options = _options(given, _parse(ctx, own))
    if options.rerun is not None:
        again = f"{ctx.command_path} {file} --rerun {options.rerun}"
        raise UsageError(f"--rerun takes the task from the record. Type: {again}")
    named: dict[str, Any] = {}
    if options.input is not None:
        from headwater.cli._input import read_input

        read, named = read_input(Path(options.input), flags, task, without=found.values)
        found.values |= read
    try:
        args, kwargs = _flags.bind(found.values, flags, task=task.fullname)
    except UsageError as error:
        ask = "-h" if any(flag.name == "--help" for flag in flags) else "--help"
        raise UsageError(f"{str(error).rstrip('.')}. Type: {ctx.command_path} {file} {name} {ask}") from error
    call = task.options(**options.call_options)(*args, **kwargs, **named)
    return run_expression(task.fullname, call, options, _recorded_command(ctx, flags, options))


def _start_ahead() -> None:
    """Let the store start while the script is imported."""
    from headwater.cypher.local_graph import start_ahead
    from headwater.cypher.project import find_project

    project = find_project()
    if project is not None:
        start_ahead(project)


def _import_ahead() -> None:
    """Import what a run needs before the script is imported, and keep it out of the garbage collector's way.

    The store's driver comes later: how it is imported depends on what the script has imported.
    """
    import headwater.cypher.bolt
    import headwater.cypher.local_store
    import headwater.engine.environment
    import headwater.engine.setup  # noqa: F401
    from headwater.cypher.garbage import keep_for_good

    keep_for_good()


def _rerun(
    ctx: click.Context,
    what: str,
    *,
    head: list[str],
    rest: list[str],
    given: Mapping[str, Any],
    module: ModuleType,
    file: str,
) -> int:
    from headwater.cli import _flags
    from headwater.cli._rerun import rerun

    again = rerun(what, rest, _own_flags(), module, file)
    if again.words.help or "--help" in head:
        usage = f"{ctx.command_path} {file} --rerun {what}"
        click.echo(_flags.task_help(usage, again.task.func.__doc__, again.flags))
        return 0
    options = _options(given, _parse(ctx, head + again.words.own))
    if options.input is not None:
        raise UsageError(
            "--rerun takes the arguments from the record. Give others one by one: --PARAMETER VALUE"
        )
    expression = again.task.options(**options.call_options)(*again.args, **again.kwargs)
    return run_expression(
        again.task.fullname, expression, options, _recorded_command(ctx, again.flags, options)
    )


def _split(words: Sequence[str], *, rerun: bool) -> tuple[list[str], str | None, list[str]]:
    """The words before TASK (our options), TASK, and the words after it. With --rerun there is no TASK."""
    own, head, queue = _own_flags(), [], list(words)
    while queue and queue[0].startswith("-"):
        flag, equals, _ = queue[0].partition("=")
        if rerun and flag not in own and flag not in ("--help", "-h"):
            break
        word = queue.pop(0)
        if word in ("--help", "-h"):
            head.append("--help")
        elif flag not in own:
            near = most_alike(flag, own, n=1)
            hint = f"Did you mean {near[0]}?" if near else "The task's parameters follow TASK."
            raise UsageError(f"{flag} stands before TASK and is no option of run. {hint}")
        else:
            rerun = rerun or flag == "--rerun"
            head.append(word)
            if own[flag] and not equals and queue:
                head.append(queue.pop(0))
    if rerun:
        return head, None, queue
    return head, (queue[0] if queue else None), queue[1:]


def _own_flags() -> dict[str, bool]:
    """Each flag of `hw run`, and whether a value follows it."""
    return {
        name: not getattr(option, "is_flag", False)
        for option in OPTIONS
        for name in (*option.opts, *option.secondary_opts)
    }


def _parse(ctx: click.Context, words: list[str]) -> Mapping[str, Any]:
    parser = click.Command("run", params=OPTIONS)
    return parser.make_context(ctx.info_name, words, parent=ctx.parent).params


def _options(*sources: Mapping[str, Any]) -> Options:
    from headwater.cli._call_options import read_options

    tags = []
    docs, inputs = (
        [source[name] for source in sources if source[name] is not None] for name in ("doc", "input")
    )
    for text in (text for source in sources for text in source["tag"]):
        try:
            tags.append(split_tag(text))
        except ValueError as error:
            raise UsageError(f"--tag: {error}") from None
    for text in docs[-1:]:
        try:
            tags.append(split_tag(f"doc={text}"))
        except ValueError as error:
            raise UsageError(f"--doc: {error}") from None
    pdb, as_json = (any(source[name] for source in sources) for name in ("pdb", "as_json"))
    if pdb and as_json:
        raise UsageError("--pdb talks on standard output, which --json needs for itself. Give one of them")
    users = [source["user"] for source in sources if source["user"] is not None]
    reruns = [source["rerun"] for source in sources if source["rerun"] is not None]
    files = [source["context_file"] for source in sources if source["context_file"] is not None]
    assignments = [text for source in sources for text in source["context"]]
    waits = [source["background_load"] for source in sources if source["background_load"] is not None]
    return Options(
        no_cache=any(source["no_cache"] for source in sources),
        no_prov=any(source["no_prov"] for source in sources),
        keep_going=any(source["keep_going"] for source in sources),
        dryrun=any(source["dryrun"] for source in sources),
        rerun=reruns[-1] if reruns else None,
        call_options=read_options([text for source in sources for text in source["option"]], {}),
        input=inputs[-1] if inputs else None,
        setup=[text for source in sources for text in source["setup"]],
        tags=tags,
        user=users[-1] if users else None,
        context=_context(files, assignments) if files or assignments else {},
        background_load=waits[-1] if waits else None,
        verbose=any(source["verbose"] for source in sources),
        pdb=pdb,
        as_json=as_json,
    )


def _context(files: Sequence[str], assignments: Sequence[str]) -> dict[str, Any]:
    """What files and `PATH=VALUE` on the command line say of the context; the latter win."""
    from headwater.engine.context import merged, parse_assignment, read_context

    context: dict[str, Any] = {}
    for one in (*(read_context(Path(file)) for file in files), *map(parse_assignment, assignments)):
        context = merged(context, one)
    return context


def _list_tasks(ctx: click.Context, module: ModuleType, file: str) -> None:
    from headwater.cli import _workflow

    tasks = _workflow.tasks_of(module)
    if not tasks:
        raise UsageError(f"{file} defines no tasks. Put @task over a function (from headwater import task).")
    summaries = [((task.func.__doc__ or "").strip().splitlines() or [""])[0] for task in tasks]
    rows = [(task.fullname, summary) for task, summary in zip(tasks, summaries, strict=True)]
    click.echo(_output.table(["task", "what it does"], rows))
    click.echo(f"\nType: {ctx.command_path} {file} TASK --help")


def _recorded_command(ctx: click.Context, flags: Sequence[Flag], options: Options) -> list[str]:
    from headwater.cli._setup import secret_names
    from headwater.cypher.project import find_project
    from headwater.engine.redaction import is_secret, redact

    secret = {flag.name for flag in flags if is_secret(str(flag.annotation))}
    secret |= {"--" + flag.parameter.name for flag in flags if flag.name in secret}
    secret |= secret_names(find_project(), options.setup, ctx.obj) if options.setup else set()
    return [ctx.find_root().info_name or "hw", *redact(ctx.obj, secret=secret)]
