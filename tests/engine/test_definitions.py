"""What is recorded of the code that counts in tasks' hashes, and what is kept out of it."""

from __future__ import annotations

from hashlib import sha256
from types import ModuleType

import pytest
from headwater.engine.code import Counted
from headwater.engine.definitions import LONGEST, code_hash, code_records
from hypothesis import given
from hypothesis import strategies as st

from .code_projects import Load, fp


def counted(text: str, name: str = "lab.thing", kind: str = "constant") -> Counted:
    return Counted(name, kind, sha256(text.encode()).hexdigest(), "lab.py:1", text)


def kept(text: str, name: str = "lab.thing", kind: str = "constant") -> str | None:
    for key, record in code_records([counted(text, name, kind)]):
        assert key == record.code_hash == code_hash(name, kind, record.digest)
        return record.source
    return None


FLOW = """
from dataclasses import dataclass

LIMIT = 10

@dataclass
class Span:
    first: int

def bounded(x):
    return min(x, LIMIT)

def step(x, *, least=3):
    return bounded(Span(x).first)
"""


def test_every_helper_class_and_constant_is_recorded_as_it_is_written(load: Load) -> None:
    module: ModuleType = load(flow=FLOW)
    records = {record.name: record for _, record in code_records(fp(module.step).counted)}
    assert {name: record.kind for name, record in records.items()} == {
        "flow.LIMIT": "constant",
        "flow.Span": "class",
        "flow.bounded": "function",
        "flow.step.least": "default",
    }
    assert records["flow.LIMIT"].source == "LIMIT = 10"
    assert records["flow.Span"].source == "@dataclass\nclass Span:\n    first: int"
    assert records["flow.bounded"].source.startswith("def bounded(x):\n")
    for record in records.values():
        assert sha256(record.source.encode()).hexdigest() == record.digest


@pytest.mark.parametrize(
    ("text", "recorded"),
    [
        ("PASSWORD = 'open sesame'", "PASSWORD = '***'"),
        ("PASSWORD: str = b'é' 'x'", None),
        ('API_KEY = """a\nb"""', "API_KEY = '***'"),
        ("USER, PASSWORD = 'me', 'sesame'", "USER, PASSWORD = '***', '***'"),
        ("LOGIN = {'user': 'é', 'password': 'sesame'}", "LOGIN = {'user': 'é', 'password': '***'}"),
        ("HEADERS['X-Api-Key'] = f'key {1}'", "HEADERS['X-Api-Key'] = '***'"),
        ("client = connect('host', token='sesame')", "client = connect('host', token='***')"),
        ("set_password('sesame')", "set_password('***')"),
        ("def f(x, password='sesame'): ...", "def f(x, password='***'): ..."),
        ("def f(x, *, password='sesame'): ...", "def f(x, *, password='***'): ..."),
        ("def f(p):\n    return p.password == 'sesame'", "def f(p):\n    return p.password == '***'"),
        ("text = f'{g(password=\"sesame\")}'", "text = '***'"),
        ("url = 'postgresql://me:sesame@host/db'", "url = 'postgresql://***@host/db'"),
        ("SECRET_PIN = 12345678", "SECRET_PIN = '***'"),
        ("MAX_TOKENS = 512", "MAX_TOKENS = 512"),
        ("x = (token ==\n 'sesame'", None),
        ("LIMIT = 'open sesame'", "LIMIT = 'open sesame'"),
    ],
)
def test_what_stands_under_the_name_of_a_secret_is_not_recorded(text: str, recorded: str | None) -> None:
    assert kept(text) == recorded
    assert kept(text) == recorded  # a second time, too


def test_all_that_makes_a_constant_of_a_secret_name_is_taken_for_the_secret() -> None:
    assert kept("KEYS = []\nKEYS.append('sesame')", "lab.ACCESS_KEYS") == "KEYS = []\nKEYS.append('***')"
    assert kept("str 'sesame'", "lab.step.password", "variable") is None
    assert kept("str 'sesame'", "lab.step.word", "variable") == "str 'sesame'"


def test_the_value_of_a_secret_variable_of_the_environment_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "tr0ub4dor&3")
    assert kept("LIMIT = 'tr0ub4dor&3'") == "LIMIT = '***'"


def test_a_source_that_is_very_long_is_left_out() -> None:
    assert kept("x = " + "1" * (LONGEST - 4)) is not None
    assert kept("x = " + "1" * (LONGEST - 3)) is None


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip("*'\"\\ \n")))
def test_no_literal_under_the_name_of_a_secret_is_left_in(secret: str) -> None:
    text = f"before = 'é'\nsettings = dict(name='x', db_password={secret!r}, after='ü')"
    assert kept(text) == "before = 'é'\nsettings = dict(name='x', db_password='***', after='ü')"
