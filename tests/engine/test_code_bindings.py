"""Every form in which a module binds a name counts, and which of several gave the name its value."""

from __future__ import annotations

import pytest

from tests.engine.code_projects import Load, fp, same

READS = "def step(x):\n    return LIMIT\n"

FORMS = {
    "walrus": "(LIMIT := 5)\n",
    "walrus in if": "if (LIMIT := 5) > 3:\n    pass\n",
    "walrus in elif": "X = 1\nif X == 2:\n    pass\nelif (LIMIT := 5):\n    pass\n",
    "walrus in while": "while (LIMIT := 5) < 3:\n    pass\n",
    "walrus in an assignment": "A = (LIMIT := 5) + 1\n",
    "walrus in a comprehension": "A = [LIMIT := n for n in (1, 5)]\n",
    "walrus in a default": "def f(x=(LIMIT := 5)):\n    pass\n",
    "walrus in a lambda's default": "f = lambda x=(LIMIT := 5): x\n",
    "walrus in a decorator": "def d(x):\n    return lambda f: f\n@d(LIMIT := 5)\ndef f(x):\n    pass\n",
    "walrus in with": "import contextlib\nwith contextlib.nullcontext(LIMIT := 5):\n    pass\n",
    "walrus in for": "for q in (LIMIT := (5, 6)):\n    pass\n",
    "walrus in match": "match (LIMIT := 5):\n    case _:\n        pass\n",
    "walrus in assert": "assert (LIMIT := 5)\n",
    "capture": "match (1, 5):\n    case (1, LIMIT):\n        pass\n",
    "star capture": "match (1, 5):\n    case [1, *LIMIT]:\n        pass\n",
    "rest capture": "match {'a': 1, 'b': 5}:\n    case {'a': 1, **LIMIT}:\n        pass\n",
    "as capture": "match 5:\n    case int() as LIMIT:\n        pass\n",
    "guard": "match 9:\n    case n if n > 5:\n        LIMIT = 1\n    case _:\n        LIMIT = 2\n",
    "pattern": "match 5:\n    case 5:\n        LIMIT = [1]\n    case _:\n        LIMIT = [2]\n",
    "with": "import contextlib\nwith contextlib.nullcontext((5, 6)) as (LIMIT, M):\n    pass\n",
    "for": "for LIMIT in (1, 5):\n    pass\n",
    "del": "LIMIT = 1\ndel LIMIT\nLIMIT = 5\n",
    "augmented": "LIMIT = 1\nLIMIT += 5\n",
    "error": "try:\n    raise ValueError(5)\nexcept ValueError as e:\n    LIMIT = e.args\n",
    "try": "try:\n    [][5:][0]\n    LIMIT = [1]\nexcept IndexError:\n    LIMIT = [2]\n",
    "suppress": "import contextlib\nLIMIT = [1]\nwith contextlib.suppress(IndexError):\n    [5][0]\n    LIMIT = [2]\n",
    "method in a comprehension": "LIMIT = []\n[LIMIT.append(n) for n in (1, 5)]\n",
    "method under a condition": "LIMIT = []\n5 and LIMIT.append(1)\n",
    "method of a method": "LIMIT = {}\nLIMIT.setdefault('a', []).append(5)\n",
    "break": "for LIMIT in range(9):\n    if LIMIT > 5:\n        break\n",
    "continue": "LIMIT = n = 0\nwhile n < 9:\n    n += 1\n    if n > 5:\n        continue\n    LIMIT += 1\n",
    "globals": "globals()['LIMIT'] = 5\n",
    "setattr": "import sys\nsetattr(sys.modules[__name__], 'LIMIT', 5)\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_binds_a_name_counts(load: Load, form: str) -> None:
    text = FORMS[form] + READS
    assert not same(load, {"flow": text}, {"flow": text.replace("5", "7")})


def test_a_walrus_in_a_lambda_binds_nothing_outside(load: Load) -> None:
    text = "LIMIT = 3\nf = lambda: (LIMIT := 5)\n" + READS
    assert same(load, {"flow": text}, {"flow": text.replace("5", "7")})


def test_a_name_in_an_argument_is_not_bound_by_the_call(load: Load) -> None:
    text = "LIMIT = {'a': 3}\nprint(LIMIT.get('a', 5), end='')\nprint(len(LIMIT) > 5, end='')\n" + READS
    assert same(load, {"flow": text}, {"flow": text.replace("5", "7")})


IMPORTED = {
    "augmented": "from helpers import LIMIT\nLIMIT += 1\n",
    "again": "from helpers import LIMIT\nLIMIT = LIMIT + 1\n",
    "star and augmented": "from helpers import *\nLIMIT += 1\n",
    "star and changed": "from helpers import *\nITEMS.append(1)\nLIMIT = ITEMS\n",
    "the later star": "from others import *\nfrom helpers import *\n",
    "the star that gives it": "from helpers import *\nfrom private import *\n",
    "star after a constant": "LIMIT = 1\nfrom helpers import *\n",
    "import after a star": "from others import *\nfrom helpers import LIMIT\n",
    "a module by another name": "import helpers\nother = helpers\nLIMIT = other.LIMIT\n",
    "getattr of a module": "from helpers import MADE as LIMIT\n",
}


@pytest.mark.parametrize("form", IMPORTED)
def test_what_a_name_stood_for_before_counts_where_it_matters(load: Load, form: str) -> None:
    files = {
        "flow": IMPORTED[form] + READS,
        "helpers": (
            "LIMIT = 5\nITEMS = [5]\ndef __getattr__(name):\n"
            "    if name != 'MADE':\n        raise AttributeError\n    return 5\n"
        ),
        "others": "LIMIT = 1\n",
        "private": "__all__ = ['OTHER']\nLIMIT = 1\nOTHER = 2\n",
    }
    assert not same(load, files, {**files, "helpers": files["helpers"].replace("5", "7")})
    others = {name: files[name].replace("LIMIT = 1", "LIMIT = 3") for name in ("others", "private")}
    assert same(load, files, {**files, **others})


def test_what_a_definition_replaces_does_not_count(load: Load) -> None:
    files = {
        "flow": (
            "from helpers import *\nfrom helpers import f\ndef f(x):\n    return f(x)\n"
            "def step(x):\n    return f(x)\n"
        ),
        "helpers": "def f(x):\n    return 1\n",
    }
    assert same(load, files, {**files, "helpers": files["helpers"].replace("1", "2")})


ALTERNATIVES = {
    "def": "if ON:\n    def helper(x):\n        return 1\nelse:\n    def helper(x):\n        return 2\n",
    "class": "if ON:\n    class helper:\n        n = 1\nelse:\n    class helper:\n        n = 2\n",
    "class with methods": (
        "if ON:\n    class helper:\n        def f(self):\n            return 1\n"
        "else:\n    class helper:\n        def f(self):\n            return 2\n"
    ),
    "method": (
        "class helper:\n    if ON:\n        def f(self):\n            return 1\n"
        "    else:\n        def f(self):\n            return 2\n"
    ),
    "constant": "if ON:\n    helper = 1\nelse:\n    helper = 2\n",
    "lambda": "if ON:\n    helper = lambda x: 1\nelse:\n    helper = lambda x: 2\n",
    "assigned": "def f(x):\n    return 1\ndef g(x):\n    return 2\nhelper = f if ON else g\n",
    "decorated": (
        "from functools import lru_cache\nif ON:\n    @lru_cache\n    def helper(x):\n        return 1\n"
        "else:\n    @lru_cache\n    def helper(x):\n        return 2\n"
    ),
    "decorated in a function": (
        "from contextlib import contextmanager\ndef make(n):\n    @contextmanager\n    def helper(x):\n"
        "        yield n\n    return helper\nif ON:\n    helper = make(\n        1\n    )\n"
        "else:\n    helper = make(\n        2\n    )\n"
    ),
    "later": "def helper(x):\n    return 1\nif not ON:\n    def helper(x):\n        return 2\n",
    "missing": (
        "try:\n    if ON:\n        raise ImportError\n    def helper(x):\n        return 2\n"
        "except ImportError:\n    def helper(x):\n        return 1\n"
    ),
    "match": (
        "match ON:\n    case True:\n        def helper(x):\n            return 1\n"
        "    case _:\n        def helper(x):\n            return 2\n"
    ),
}


@pytest.mark.parametrize("form", ALTERNATIVES)
def test_the_branch_that_is_taken_counts_and_so_does_every_edit(
    load: Load, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "import os\nON = bool(os.environ.get('HW_TEST_ON'))\n"
        + ALTERNATIVES[form]
        + READS.replace("LIMIT", "helper")
    )
    monkeypatch.delenv("HW_TEST_ON", raising=False)
    off = fp(load(flow=text).step).digest
    assert fp(load(flow=text).step).digest == off
    for number in "1", "2":
        at = text.rindex(f" {number}\n")
        edited = f"{text[:at]} 9\n{text[at + 3 :]}"
        assert fp(load(flow=edited).step).digest != off
    monkeypatch.setenv("HW_TEST_ON", "1")
    assert fp(load(flow=text).step).digest != off


def test_a_name_that_falls_back_to_a_builtin_counts_as_missing(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import os\nif os.environ.get('HW_TEST_ON'):\n    def sum(x):\n        return 1\n"
    text += READS.replace("LIMIT", "sum(x)")
    monkeypatch.delenv("HW_TEST_ON", raising=False)
    off = fp(load(flow=text).step).digest
    monkeypatch.setenv("HW_TEST_ON", "1")
    assert fp(load(flow=text).step).digest != off


def test_which_branch_made_a_list_is_said_not_to_count(load: Load) -> None:
    text = "import os\nif os.environ.get('HW_TEST_ON'):\n    LIMIT = [1]\nelse:\n    LIMIT = [2]\n" + READS
    assert [(one.name, one.reason.partition(":")[0]) for one in fp(load(flow=text).step).uncounted] == [
        ("flow.LIMIT", "several statements give it its value, under conditions")
    ]
