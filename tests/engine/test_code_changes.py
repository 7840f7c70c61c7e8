"""Statements that change what a name stands for count with it, wherever they stand; others do not."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest

from tests.engine.code_projects import Load, fp, same

READS = "def step(x):\n    return LIMIT\n"

CHANGES = {
    "handed to a function": "def fill(t, n):\n    t.append(n)\nLIMIT = []\nfill(LIMIT, 5)\n",
    "handed on by keyword": "def fill(n, t):\n    t.append(n)\nLIMIT = []\nfill(5, t=LIMIT)\n",
    "handed on inside": "def fill(t, n):\n    t[0].append(n)\nLIMIT = []\nfill([LIMIT], 5)\n",
    "for its result": "def fill(t, n):\n    t.append(n)\nLIMIT = []\nN = fill(LIMIT, 5)\n",
    "method of the class": "LIMIT = []\nlist.append(LIMIT, 5)\n",
    "by a library": "import heapq\nLIMIT = []\nheapq.heappush(LIMIT, 5)\n",
    "method for its result": "LIMIT = [1, 2, 3, 4, 5, 6, 7, 8, 9]\n_ = LIMIT.pop(5)\n",
    "method in an argument": "LIMIT = [1, 2, 3, 4, 5, 6, 7, 8, 9]\nprint(LIMIT.pop(5), end='')\n",
    "method in a condition": "LIMIT = {}\nif LIMIT.setdefault('a', 5):\n    pass\n",
    "method in an assert": "LIMIT = {}\nassert LIMIT.setdefault('a', 5)\n",
    "method in a loop": "LIMIT = {}\nfor n in LIMIT.setdefault('a', [5]):\n    pass\n",
    "method in a default": "LIMIT = {}\ndef f(x=LIMIT.setdefault('a', 5)):\n    return x\n",
    "method in a class": "LIMIT = {}\nclass A:\n    x = LIMIT.setdefault('a', 5)\n",
    "method in a decorator": "LIMIT = {}\n@LIMIT.setdefault('a', lambda f: 5)\ndef f(x):\n    pass\n",
    "alias": "LIMIT = []\nB = LIMIT\nB.append(5)\n",
    "alias of an alias": "LIMIT = []\nB = C = LIMIT\nD = C\nD.append(5)\n",
    "alias handed on": "def fill(t, n):\n    t.append(n)\nLIMIT = []\nB = LIMIT\nfill(B, 5)\n",
    "alias of a part": "LIMIT = {'a': []}\nB = LIMIT['a']\nB.append(5)\n",
    "alias in a container": "LIMIT = []\nB = {'a': LIMIT}\nB['a'].append(5)\n",
    "alias by a method": "LIMIT = {}\nB = LIMIT.setdefault('a', [])\nB.append(5)\n",
    "alias by walrus": "LIMIT = []\n(B := LIMIT).append(5)\n",
    "alias by augmenting": "LIMIT = []\nB = LIMIT\nB += [5]\n",
    "alias by an item": "LIMIT = [1]\nB = LIMIT\nB[0] = 5\n",
    "alias by a loop": "LIMIT = [[], []]\nfor one in LIMIT:\n    one.append(5)\n",
    "alias by a comprehension": "LIMIT = [[], []]\n[one.append(5) for one in LIMIT]\n",
    "alias by match": "LIMIT = [[]]\nmatch LIMIT:\n    case [one]:\n        one.append(5)\n",
    "alias by with": "import contextlib\nLIMIT = []\nwith contextlib.nullcontext(LIMIT) as one:\n    one.append(5)\n",
    "alias from the other side": "B = []\nLIMIT = B\nB.append(5)\n",
    "put in and changed there": "LIMIT = []\nB = []\nB.append(LIMIT)\nB[0].append(5)\n",
    "by a function": "LIMIT = []\ndef fill():\n    LIMIT.append(5)\nfill()\n",
    "by a function that it calls": "LIMIT = []\ndef a(n):\n    LIMIT.append(n)\ndef b(n):\n    a(n)\nb(5)\n",
    "by a function's alias": "LIMIT = []\ndef fill(n):\n    t = LIMIT\n    t.append(n)\nfill(5)\n",
    "by a function handed on": "LIMIT = []\ndef fill(n):\n    LIMIT.append(n)\nlist(map(fill, [5]))\n",
    "by global": "LIMIT = 1\ndef fill(n):\n    global LIMIT\n    LIMIT = n\nfill(5)\n",
    "in the bases of a class": "LIMIT = {}\nclass A(*LIMIT.setdefault(5, [])):\n    pass\n",
    "of a class": "class LIMIT:\n    n = 1\ndef fill(c, n):\n    c.n = n\nfill(LIMIT, 5)\n",
    "what decides": "LIMIT = []\nB = LIMIT\nif 5 > 6:\n    B.append(1)\n",
}


@pytest.mark.parametrize("form", CHANGES)
def test_a_statement_that_changes_what_a_name_stands_for_counts(load: Load, form: str) -> None:
    text = CHANGES[form] + READS
    assert not same(load, {"flow": text}, {"flow": text.replace("5", "7")})


LEFT = {
    "read": "LIMIT = [1]\nB = [LIMIT, 5]\n",
    "read by an operator": "LIMIT = [1]\nB = LIMIT + [5]\n",
    "a number": "LIMIT = 3\nB = max(LIMIT, 5)\n",
    "builtins": "LIMIT = [1]\nB = (len(LIMIT), sorted(LIMIT), tuple(LIMIT), 5)\n",
    "joined": "LIMIT = ['a']\nB = ', 5'.join(LIMIT)\n",
    "methods that read": "LIMIT = {'a': 1}\nB = LIMIT.get('a', 5)\nfor k, v in LIMIT.items():\n    print(5, end='')\n",
    "a path": "from pathlib import Path\nLIMIT = Path('a')\nB = LIMIT.joinpath('5')\n",
    "a function": "def LIMIT(n):\n    return 1\nB = list(map(LIMIT, [5]))\n",
    "another list": "LIMIT = [1]\nB = [1]\nB.append(5)\n",
    "an alias that is bound anew": "LIMIT = [1]\nB = LIMIT\nB = 5\n",
    "a local name of a function": "LIMIT = [1]\ndef f(LIMIT):\n    LIMIT.append(5)\nf([])\n",
    "a function that is not called": "LIMIT = [1]\ndef f():\n    LIMIT.append(5)\n",
    "a lambda that is not called": "LIMIT = [1]\nB = lambda: LIMIT.append(5)\n",
    "a count": "LIMIT = [1]\nB = len(LIMIT)\nB += 5\n",
    "a name of a class": "LIMIT = [1]\nclass A:\n    LIMIT = []\n    LIMIT.append(5)\n",
    "headwater's own": "import headwater\nLIMIT = [1]\nB = headwater.File(str(LIMIT) + '5')\n",
}


@pytest.mark.parametrize("form", LEFT)
def test_a_statement_that_leaves_it_does_not_count(load: Load, form: str) -> None:
    text = LEFT[form] + READS
    assert same(load, {"flow": text}, {"flow": text.replace("5", "7")})


ELSEWHERE = (
    "import helpers\nhelpers.LIMIT = 5\n",
    "import helpers\nhelpers.TABLE.append(5)\n",
    "from helpers import TABLE as T\nB = T\nB.append(5)\n",
    "from helpers import fill\nfill(5)\n",
)


@pytest.mark.parametrize("form", ELSEWHERE)
def test_which_other_modules_are_imported_is_chance_and_does_not_count(load: Load, form: str) -> None:
    helpers = (
        "LIMIT = 1\nTABLE = []\ndef fill(n):\n    TABLE.append(n)\ndef step(x):\n    return LIMIT, TABLE\n"
    )
    flow = "from helpers import step\n"
    files = {"flow": flow, "helpers": helpers}
    assert same(load, files, {**files, "flow": flow + form})
    own = helpers + form.partition("\n")[2].replace("helpers.", "").replace("B = T\n", "B = TABLE\n")
    assert not same(load, files, {**files, "helpers": own})


def test_threads_that_look_at_once_see_all_of_a_module(load: Load) -> None:
    lines = "".join(f"def step{n}(x):\n    return LIMIT\nLIMIT.append({n})\n" for n in range(40))
    texts = []
    for _ in range(2):
        module = load(flow="LIMIT = []\n" + lines)
        with ThreadPoolExecutor(8) as pool:
            prints = list(pool.map(lambda n, m=module: fp(getattr(m, f"step{n}")), range(40)))
        texts.append([one.digest for one in prints])
    assert texts[0] == texts[1]


def test_the_order_of_changes_counts(load: Load) -> None:
    one = "LIMIT = []\ndef fill(t):\n    t.append(1)\n" + READS
    assert not same(
        load,
        {"flow": one + "fill(LIMIT)\nLIMIT.append(2)\n"},
        {"flow": one + "LIMIT.append(2)\nfill(LIMIT)\n"},
    )


_PARTS = (
    "{a}.append({n})", "{b} = {a}", "fill({a}, {n})", "{b} = [{a}]", "{b} = {a} + [{n}]", "{a} += [{n}]",
    "grow({n})", "for one in {a}:\n    isinstance(one, list) and one.append({n})", "{b} = list({a})",
    "if len({a}) > {n}:\n    {b}.append({n})", "{b} = {a}.copy()", "_ = {a}.pop({n} % len({a})) if {a} else None",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_whatever_a_module_does_a_task_counts_what_changes_what_it_reads(load: Load, seed: int) -> None:
    """Random modules, of which one number is edited: where a list that is read comes out another, so does the hash."""
    chance = random.Random(seed)
    lines = [
        "A, B, C = [[0]], [1], [2]",
        "def fill(t, n):\n    t.append(n)",
        "def grow(n):\n    local = A\n    local.append(n)",
    ]
    for _ in range(8):
        a, b = chance.sample("ABC", 2)
        lines.append(chance.choice(_PARTS).format(a=a, b=b, n=chance.randrange(9)))
    head = len(lines) - 8
    reads = "".join(f"def {name.lower()}(x):\n    return {name}\n" for name in "ABC")

    def made(with_lines: list[str]) -> tuple[ModuleType, dict[str, str]]:
        module = load(flow="\n".join(with_lines) + "\n" + reads)
        return module, {name: repr(getattr(module, name)) for name in "ABC"}

    before, values = made(lines)
    hashes = {name: fp(getattr(before, name.lower())).digest for name in "ABC"}
    for place in chance.sample(range(head, len(lines)), 3):
        digits = [n for n, letter in enumerate(lines[place]) if letter.isdigit()]
        if not digits:
            continue
        at = digits[-1]
        edited = [*lines]
        edited[place] = lines[place][:at] + str((int(lines[place][at]) + 3) % 10) + lines[place][at + 1 :]
        after, others = made(edited)
        for name in "ABC":
            if others[name] != values[name]:
                assert fp(getattr(after, name.lower())).digest != hashes[name], (name, edited)
