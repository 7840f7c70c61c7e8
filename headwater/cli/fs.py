"""`hw fs ls|cp|rm|stat|hash`: files here and at any URL, as tasks see them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from headwater.cli._pager import no_pager_option, show

if TYPE_CHECKING:
    from headwater.cypher.errors import UsageError
    from headwater.engine.files import File

_BLOCK = 1 << 20
_STREAM = "-"


class _Place(click.ParamType):  # type: ignore[type-arg]  # of older clicks it takes none
    """A path or URL. An empty one, as a variable that is not set gives it, would mean the working directory."""

    name = "path"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value:
            self.fail("it is empty; type . if you mean this folder", param, ctx)
        return value


@click.group()
def command() -> None:
    """List, copy, delete and identify files, here and at URLs.

    URLs are those of tasks: s3://, gs://, az://, https://, sftp:// and so on. Credentials come from the
    environment, as each store expects them. Names that begin with a dash stand after --.
    """


@command.command()
@click.argument("path", type=_Place())
@click.option("-r", "--recursive", is_flag=True, help="Everything below, not just what is in the folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
@no_pager_option
def ls(path: str, recursive: bool, as_json: bool) -> None:
    """List a folder, or the files that match a pattern."""
    from headwater.cli import _output

    rows = sorted(_listed(path, recursive=recursive), key=lambda row: row[0])
    if as_json:
        keys = ("name", "kind", "size", "evidence", "digest")
        _output.emit_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        show(
            f"{_output.size(size) if kind == 'file' else '':>10}  {_output.one_line(name)}{'/' * (kind != 'file')}"
            for name, kind, size, _, _ in rows
        )


@command.command()
@click.argument("sources", nargs=-1, required=True, type=_Place(), metavar="SOURCE...")
@click.argument("dest", type=_Place())
@click.option("-r", "--recursive", is_flag=True, help="Copy folders with all that is below them.")
@click.option("--resume", is_flag=True, help="Leave files that are there already with the same size.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
def cp(sources: tuple[str, ...], dest: str, recursive: bool, resume: bool, quiet: bool) -> None:
    """Copy files from anywhere to anywhere.

    - is standard input or output. Several sources, and a DEST that is a folder or ends in a slash, are copied
    into it under their own names. A folder is copied so that DEST holds what it holds, empty folders included where
    DEST's store has folders. Files are put in place when they are complete: a copy that was broken off leaves whole
    files only, and --resume copies the others. A large file that comes to this machine goes on where it was broken
    off, if it is the same still. Of what is no file, as a link that leads nowhere, a warning tells, and the exit status
    is 1.
    """
    if _STREAM in (*sources, dest):
        _stream(sources, dest)
        return
    from headwater.cli._copying import Copies
    from headwater.cypher.errors import HeadwaterError
    from headwater.engine.left_behind import tidy_up
    from headwater.engine.observed import some

    tidy_up()
    with _os_errors():
        pairs, left_out = _pairs(sources, dest, recursive=recursive)
        if resume:
            pairs = [(source, target) for source, target in pairs if not _is_there(source, target)]
        Copies(pairs, show=not quiet and sys.stderr.isatty()).run()
    if left_out:
        raise HeadwaterError(
            f"not copied, because it is no file (a link that leads nowhere or back to a folder above it, a pipe): "
            f"{len(left_out)} in all, {some(left_out)}. All else was copied"
        )


@command.command()
@click.argument("paths", nargs=-1, required=True, type=_Place(), metavar="PATH...")
@click.option("-r", "--recursive", is_flag=True, help="Delete folders with all that is below them.")
def rm(paths: tuple[str, ...], recursive: bool) -> None:
    """Delete files. A whole bucket is not deleted."""
    from headwater.cypher.errors import UsageError
    from headwater.engine.files import Dir, File
    from headwater.engine.files.address import is_bucket

    with _os_errors():
        for path in paths:
            file, folder = File(path), Dir(path)
            if file.isfile():
                file.remove()
            elif not folder.isdir():
                raise _not_there(file)
            elif not recursive:
                raise UsageError(f"{file.path} is a folder. To delete it with all that is in it: hw fs rm -r")
            elif is_bucket(path):
                raise UsageError(
                    f"{folder.path} is a whole bucket, which would go with all that is in it. Name what is to go: "
                    f"hw fs rm -r {folder.path.rstrip('/')}/FOLDER"
                )
            else:
                folder.rmdir(recursive=True)


@command.command()
@click.argument("path", type=_Place())
@click.option("--json", "as_json", is_flag=True, help="Print JSON; its shape is in docs/reference/cli.md.")
def stat(path: str, as_json: bool) -> None:
    """Say what a file or folder is known by.

    That is what a call depends on which takes it as a File or Dir.
    """
    from headwater.cli import _output
    from headwater.engine.files import Dir, File

    with _os_errors():
        file = File(path)
        found: Any = Dir(path) if file.isdir() else file
        facts = {
            "path": found.uri,
            "kind": "folder" if found is not file else "file" if file.exists() else "missing",
            "size": found.recorded_size,
            "evidence": found.evidence,
            "digest": found.digest,
            "hash": found.hash,
        }
        if found is not file:
            facts["files"] = len(found)
    if as_json:
        _output.emit_json(facts)
        return
    for key, value in facts.items():
        if value not in (None, ""):
            click.echo(f"{key:9} {_output.one_line(str(value))}")


@command.command("hash")
@click.argument("paths", nargs=-1, required=True, type=_Place(), metavar="PATH...")
@click.option("-r", "--recursive", is_flag=True, help="Every file below a folder.")
def hash_(paths: tuple[str, ...], recursive: bool) -> None:
    """Print the SHA-256 of files, in the form that `sha256sum -c` reads."""
    from headwater.cypher.errors import UsageError
    from headwater.engine.files import ContentDir, ContentFile

    with _os_errors():
        for path in paths:
            file = ContentFile(path)
            if file.isfile():
                click.echo(f"{file.digest}  {file.path}")
            elif not file.isdir():
                raise _not_there(file)
            elif not recursive:
                raise UsageError(f"{file.path} is a folder. For every file in it: hw fs hash -r")
            else:
                for member in ContentDir(path):
                    click.echo(f"{member.digest}  {member.path}")


class _os_errors:
    """Turns what a file system refuses into a message instead of a traceback."""

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        from headwater.cypher.errors import HeadwaterError

        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise HeadwaterError(str(error) or type(error).__name__) from error


def _listed(path: str, *, recursive: bool) -> Iterator[tuple[str, str, int | None, str, str]]:
    """Name, kind, size, evidence and digest of what is in a folder or matches a pattern."""
    from headwater.engine.files import Dir, File, FileSet

    with _os_errors():
        folder, file = Dir(path), File(path)
        if file.isfile():
            yield file.path, "file", file.recorded_size, file.evidence, file.digest
        elif folder.isdir():
            for member in folder if recursive else folder.children():
                name = folder.rel_path(member)
                if isinstance(member, Dir):
                    yield name, "folder", None, "", ""
                else:
                    yield name, "file", member.recorded_size, member.evidence, member.digest
        else:
            found = FileSet(path).files()
            if not found:
                raise _not_there(file, ", and no file matches it")
            for member in found:
                yield member.path, "file", member.recorded_size, member.evidence, member.digest


def _pairs(
    sources: tuple[str, ...], dest: str, *, recursive: bool
) -> tuple[list[tuple[File, File]], list[str]]:
    """The files to copy, with where each goes to, and what is below the sources and no file. Folders are made at once,
    when nothing is refused."""
    from headwater.cypher.errors import UsageError
    from headwater.engine.files import Dir, File

    pairs: list[tuple[File, File]] = []
    left_out: list[str] = []
    folders: list[Dir] = []
    into = len(sources) > 1 or dest.endswith("/") or Dir(dest).isdir()
    for source in sources:
        file, folder = File(source), Dir(source)
        if file.isfile():
            pairs.append((file, Dir(dest).file(file.basename()) if into else File(dest)))
        elif not folder.isdir():
            if not _is_something(file):
                raise _not_there(file)
            raise UsageError(
                f"{file.path} is no file: a link that leads nowhere, a pipe. Name what is to be copied itself"
            )
        elif not recursive:
            raise UsageError(f"{file.path} is a folder. To copy it with all that is in it: hw fs cp -r")
        else:
            home = Dir(dest).subdir(folder.basename()) if len(sources) > 1 else Dir(dest)
            pairs += [(member, home.file(folder.rel_path(member))) for member in folder]
            folders += [home, *map(home.subdir, folder.empty_folders())]
            left_out += [f"{folder.path.rstrip('/')}/{name}" for name in folder.no_files()]
    goes: dict[str, str] = {}
    for member, target in pairs:
        if goes.setdefault(target.uri, member.uri) != member.uri:
            raise UsageError(
                f"{goes[target.uri]} and {member.uri} would both be copied to {target.path}, and one be lost. "
                "Copy them one by one, to paths of their own"
            )
    for empty in folders:
        empty.mkdir()
    return pairs, left_out


def _not_there(file: File, more: str = "") -> UsageError:
    from headwater.cypher.errors import UsageError

    return UsageError(
        f"{file.path} is not there{more}. To see what is: hw fs ls {quote(file.dirname() or '.')}"
    )


def _is_something(file: File) -> bool:
    """Whether anything of this machine has the name of a file."""
    from headwater.engine.files.address import local_path

    path = local_path(file.uri)
    return path is not None and os.path.lexists(path)


def _is_there(source: File, target: File) -> bool:
    return target.isfile() and target.size() == source.size()


def _stream(sources: tuple[str, ...], dest: str) -> None:
    """Copy from standard input or to standard output."""
    from headwater.cypher.errors import UsageError
    from headwater.engine.files import File

    if len(sources) > 1:
        raise UsageError("with - for standard input or output, there is one source and one destination")
    with _os_errors():
        if dest == _STREAM:
            with sys.stdin.buffer if sources[0] == _STREAM else File(sources[0]).open("rb") as source:
                shutil.copyfileobj(source, sys.stdout.buffer, _BLOCK)
        else:
            with File(dest).open("wb") as target:
                shutil.copyfileobj(sys.stdin.buffer, target, _BLOCK)
