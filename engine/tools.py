"""Small tasks that many workflows need: copying files and folders, and filling in templates."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from headwater.cypher.errors import UsageError
from headwater.engine.errors import CallError
from headwater.engine.files import Dir, File, IFile
from headwater.engine.task import task

T = TypeVar("T")


@task(namespace="headwater", version="1", cache=False)
def debug_task(value: T) -> T:
    """Stop in the debugger (`breakpoint()`) once a value is there, and give it on. It stops in every run."""
    breakpoint()
    return value


def _need(name: str, given: object, kind: type[File | Dir], *also: type[File | Dir]) -> None:
    """Refuse a path where a file or folder is needed, by which a change of it is seen.

    Raises:
        CallError: with what to write.
    """
    if not isinstance(given, (kind, *also)):
        wanted = f"{kind.__name__}({given!r})" if isinstance(given, str) else f"a {kind.__name__}"
        raise CallError(f"{name}: {wanted} is needed, not {given!r}: by it, a change is seen")


@task(namespace="headwater", version="1")
def copy_file(src: File, dest_path: str, skip_if_exists: bool = False) -> File:
    """Copy a file to a path or URL, wherever the two are.

    Args:
        src: the file.
        dest_path: where to; folders above it are made.
        skip_if_exists: leave what is there, if anything is.

    Returns:
        The file at `dest_path`. Where it was changed or deleted since, it is copied again.

    Raises:
        CallError: `src` is no file.
        FileNotFoundError: there is no such file.
    """
    _need("copy_file", src, File, Dir)
    return src.copy_to(type(src)(dest_path), skip_if_exists)


@task(namespace="headwater", version="1")
def copy_files(
    srcs: Sequence[File],
    dests: Sequence[str],
    skip_if_exists: bool = False,
    copy_options: Mapping[str, Any] | None = None,
) -> list[File]:
    """Copy files, each in a call of its own.

    Args:
        srcs: the files.
        dests: a path or URL for each.
        skip_if_exists: leave those that are there.
        copy_options: options for the calls of `copy_file`, like `limits`.

    Raises:
        CallError: there are not as many paths as files, two files are to go to one path, or one is no file.
    """
    for src in srcs:
        _need("copy_files", src, File, Dir)
    if len(srcs) != len(dests):
        raise CallError(
            f"copy_files: {len(srcs)} files and {len(dests)} paths to copy them to; one each is needed"
        )
    goes: dict[str, str] = {}
    for src, dest in zip(srcs, dests, strict=True):
        if goes.setdefault(IFile(dest).uri, src.uri) != src.uri:
            raise CallError(f"copy_files: two files are to be copied to {dest}, and one would be lost")
    copy = copy_file.options(**(copy_options or {}))
    return [copy(src, os.fspath(dest), skip_if_exists) for src, dest in zip(srcs, dests, strict=True)]


@task(namespace="headwater", version="1")
def copy_dir(
    src_dir: Dir,
    dest_path: str,
    skip_if_exists: bool = False,
    copy_options: Mapping[str, Any] | None = None,
) -> Dir:
    """Copy all files of a folder, each in a call of its own: where one changed, one is copied.

    Args:
        src_dir: the folder.
        dest_path: where to; what else is there stays.
        skip_if_exists: leave the files that are there.
        copy_options: options for the calls of `copy_file`.

    Returns:
        The folder at `dest_path`.

    Raises:
        CallError: `src_dir` is no folder.
        FileNotFoundError: there is no such folder.
    """
    _need("copy_dir", src_dir, Dir)
    if not src_dir.isdir():
        raise FileNotFoundError(f"{src_dir.path} is no folder, so it cannot be copied to {dest_path}")
    dest = type(src_dir)(dest_path)
    copy = copy_file.options(**(copy_options or {}))
    files = src_dir.files()
    copies = [copy(file, dest.file(src_dir.rel_path(file)).path, skip_if_exists) for file in files]
    return _folder_of(copies, type(src_dir), dest_path)


@task(name="copied_dir", namespace="headwater", version="1")
def _folder_of(copies: list[File], kind: type[Dir], path: str) -> Dir:
    """The folder, now that its files are there."""
    folder = kind(path)
    folder.mkdir()
    return folder


def render_template(
    out_path: str,
    template: File | str,
    context: Mapping[str, Any],
    template_dir: Dir | str | None = None,
) -> File:
    """Fill in a Jinja2 template, lazily.

    Args:
        out_path: the file to write.
        template: the template.
        context: the values of its variables; they may be lazy.
        template_dir: a folder with templates that it includes or extends, all of which count.

    Returns:
        The file at `out_path`.

    Raises (when it is evaluated):
        UsageError: Jinja2 is not installed.
        jinja2.TemplateError: the template is not well formed, or a variable has no value.
    """
    folder = Dir(template_dir) if isinstance(template_dir, str) else template_dir
    return _render(out_path, File(template) if isinstance(template, str) else template, context, folder)


@task(name="render_template", namespace="headwater", version="1")
def _render(out_path: str, template: File, context: Mapping[str, Any], template_dir: Dir | None) -> File:
    """Fill in a template."""
    try:
        import jinja2
    except ImportError as error:
        raise UsageError("render_template needs Jinja2. Type: pip install 'headwater[templates]'") from error

    def load(name: str) -> tuple[str, str, None]:
        assert template_dir is not None
        try:
            file = template_dir.file(name)
            return file.read(), file.path, None
        except (FileNotFoundError, ValueError) as missing:
            raise jinja2.TemplateNotFound(name, f"{name} is not in {template_dir.path}") from missing

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        loader=jinja2.FunctionLoader(load) if template_dir is not None else None,
    )
    text = template.read()
    made = environment.from_string(text).render(context)
    result = File(out_path)
    result.write(made)
    return result
