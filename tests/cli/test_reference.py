"""docs/reference/cli.md shows the help that the command prints, and names every verb, option and JSON key.

Run this file as a program to write the help texts into the page anew.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import click
import pytest
from headwater.lineage import changes, diff_views, impact_views, log_views, trace_views, versions, why_views

from headwater.cli._app import VERBS, app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"
BLOCK = re.compile(r"```text\n\$ hw (?P<words>[a-z -]*?) ?--help\n(?P<help>.*?)```\n", re.DOTALL)
VIEWS = (log_views, trace_views, impact_views, why_views, diff_views, changes, versions)


def help_of(words: str) -> str:
    """What `hw WORDS --help` prints on a page of 80 columns."""
    command: click.Command = app
    context = app.make_context("hw", [], resilient_parsing=True, terminal_width=80)
    for word in words.split():
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None
        command = found
        context = click.Context(command, parent=context, info_name=word)
    return command.get_help(context) + "\n"


def commands() -> list[str]:
    names = ["", *VERBS]
    context = click.Context(app)
    for verb in VERBS:
        command = app.get_command(context, verb)
        if isinstance(command, click.Group):
            names += [f"{verb} {name}" for name in command.list_commands(context)]
    return names


def test_the_page_shows_the_help_of_every_command() -> None:
    shown = [match["words"] for match in BLOCK.finditer(PAGE.read_text("utf-8"))]
    assert sorted(shown) == sorted(commands())


def test_the_help_on_the_page_is_what_the_commands_print() -> None:
    for match in BLOCK.finditer(PAGE.read_text("utf-8")):
        assert match["help"] == help_of(match["words"]), f"run {Path(__file__).name} to write the page anew"


@pytest.mark.parametrize(
    "view",
    [
        item
        for module in VIEWS
        for item in vars(module).values()
        if dataclasses.is_dataclass(item)
        and item.__module__ == module.__name__
        and item is not log_views.ListedExecution
    ],
)
def test_the_page_names_every_key_of_the_json_of_questions(view: type) -> None:
    page = PAGE.read_text("utf-8")
    missing = [each.name for each in dataclasses.fields(view) if f"`{each.name}`" not in page]
    assert not missing, f"{view.__name__}: {missing} are not on the page"


if __name__ == "__main__":
    text = PAGE.read_text("utf-8")
    text = BLOCK.sub(
        lambda match: (
            f"```text\n$ hw {match['words']}{' ' if match['words'] else ''}--help\n{help_of(match['words'])}```\n"
        ),
        text,
    )
    PAGE.write_text(text, "utf-8")
