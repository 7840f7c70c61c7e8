"""Datasets that scripts declare: what they may say, where, and what is told of what they may not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "from headwater import Dataset\n\n"
WHOLE = 'Dataset("people", files=["data/*.csv"], sensitivity="personal", licence="CC0-1.0")\n'


def imported(folder: Path, **modules: str) -> str:
    """What importing the last of some modules says, in a process of its own."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(HEAD + text)
    last = list(modules)[-1]
    script = (
        f"from headwater import HeadwaterError\ntry:\n import {last}\nexcept HeadwaterError as e: print(e)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout.strip() + done.stderr.strip()


def test_a_declaration_holds_what_it_was_given(tmp_path: Path) -> None:
    shown = 'print(repr(d), d.files == ("data/*.csv",))'
    assert imported(tmp_path, flow=f"d = {WHOLE}{shown}") == (
        "Dataset(name='people', files=('data/*.csv',), sensitivity='personal', origin='', licence='CC0-1.0', "
        "collected_by='', purpose='', lawful_basis='') True"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('["data/*.csv"]', '"data"'), "files is a list of patterns, like"),
        (('["data/*.csv"]', "()"), "files is a list of patterns, like"),
        (('["data/*.csv"]', "[5]"), "files is a list of patterns, like"),
        (('["data/*.csv"]', '["a.csv", "[z-a].csv"]'), "'[z-a].csv' is no pattern: [z-a] names no char"),
        (('"personal"', '"persnal"'), "'persnal' is no sensitivity. Did you mean personal"),
        (('"personal"', "5"), "sensitivity is a text of at most 2000 characters"),
        (('"CC0-1.0"', '"x" * 3000'), "licence is a text of at most 2000 characters"),
        (('"people"', '"a\\nb"'), "is no name of a dataset"),
        (('"people"', "5"), "5 is no name of a dataset"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    said = imported(tmp_path, flow="\n" + WHOLE.replace(*change))
    assert said.startswith(f"{tmp_path}/flow.py:4: ")
    assert message in said


def test_what_is_no_field_is_no_argument(tmp_path: Path) -> None:
    said = imported(tmp_path, flow=WHOLE.replace("licence", "license"))
    assert "unexpected keyword argument 'license'" in said
    assert "flow.py" in said


def test_it_is_declared_at_the_top_level(tmp_path: Path) -> None:
    said = imported(tmp_path, flow=f"def declare():\n    {WHOLE}\ndeclare()\n")
    assert said.startswith(f"{tmp_path}/flow.py:4: a Dataset is declared at the top level of a script")
    assert said.endswith("this one is in declare")
    many = (
        'found = [Dataset(f"d{n}", files=["x"], sensitivity="public") for n in range(3)]\nprint(len(found))'
    )
    assert imported(tmp_path, flow=many) == "3"


def test_a_name_that_is_declared_twice_is_told_with_both_places(tmp_path: Path) -> None:
    said = imported(tmp_path, flow=WHOLE + WHOLE)
    assert said == (
        f"{tmp_path}/flow.py:4: the dataset people is declared in {tmp_path}/flow.py:3, too. "
        "Keep one of the two declarations"
    )
    said = imported(tmp_path, other="\n" + WHOLE, flow="import other\n" + WHOLE)
    assert said.startswith(f"{tmp_path}/flow.py:4: the dataset people is declared in {tmp_path}/other.py:4")


def test_a_module_that_is_read_anew_declares_anew(tmp_path: Path) -> None:
    anew = "import other, importlib, pathlib\n"
    anew += "other_file = pathlib.Path(other.__file__)\n"
    anew += "other_file.write_text('\\n' + other_file.read_text().replace('personal', 'public'))\n"
    anew += "importlib.reload(other)\nprint(other.d.sensitivity)"
    assert imported(tmp_path, other="d = " + WHOLE, flow=anew) == "public"
