"""`hw run` and the script that it is given, whose definitions may be wrong."""

from __future__ import annotations

import pytest

from .conftest import Shell


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (
            '@task(nane="main")\ndef main():\n    return 1\n',
            3,
            "no option is called 'nane'. Did you mean name?",
        ),
        (
            "@task\ndef f(n):\n    return n\n\n\nONE = f()\n",
            8,
            "wrong.f(n): missing a required argument: 'n'",
        ),
        ("import beside\n", 1, "@task is for functions, not for <built-in function print>"),
    ],
)
def test_what_a_definition_gets_wrong_is_told_with_its_line(
    hw: Shell, text: str, line: int, said: str
) -> None:
    hw.write("wrong.py", f"from headwater import task\nheadwater_namespace = 'wrong'\n{text}")
    hw.write("beside.py", "import headwater; headwater.task(limits={'gpu': 0})(print)\n")
    answer = hw("run", "wrong.py", "main")
    assert answer.code == 2
    file = "beside.py" if "beside" in text else "wrong.py"
    assert answer.err.startswith(f"error: {hw.folder / file}:{line}: {said}")
