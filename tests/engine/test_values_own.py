"""Values that say themselves how they are identified, kept and checked; proxies; models and tables of others."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars
import pytest
from headwater.cypher.project import Project
from headwater.engine.values import describe, hash_value, preview, restore
from headwater.engine.values.own import handed_over
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater import (
    File,
    ProxyValue,
    Rehearsal,
    Scheduler,
    TaskDefinitionError,
    Undecodable,
    Unrecordable,
    Value,
    task,
)
from tests.engine.own_values import (
    BigLock,
    Foreign,
    Kept,
    Lines,
    Lock,
    Model,
    MoreForeign,
    OpenModel,
    Plain,
    Renamed,
    Report,
    Sorted,
    Stamped,
)

headwater_namespace = "own"

states = st.dictionaries(
    st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.one_of(st.integers(), st.text(), st.lists(st.integers()))
)


def again(value: Any) -> Any:
    described = describe(value)
    return restore(described.codec, described.type, described.payload)


# -- identity ----------------------------------------------------------------------------------------------------------


@given(states, states)
def test_values_are_equal_where_their_states_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = Plain(**one), Plain(**other)
    assert (first == second) == (hash_value(first) == hash_value(second)) == (one == other)
    assert again(first) == first
    assert len({first, Plain(**one)}) == 1
    shuffled = Plain(**dict(reversed(list(one.items()))))
    assert hash_value(shuffled) == hash_value(first)


@given(st.lists(st.integers()), st.randoms(use_true_random=False))
def test_a_hash_of_its_own_decides(items: list[int], chance: Any) -> None:
    other = list(items)
    chance.shuffle(other)
    assert Sorted(items) == Sorted(other)
    assert hash_value([Sorted(items)]) == hash_value([Sorted(other)])
    assert hash_value(Sorted([*items, 7])) != hash_value(Sorted(items))
    assert again(Sorted(items)).items == items


def test_two_classes_of_one_state_are_two_values() -> None:
    assert hash_value(Plain(items=[1])) != hash_value(Sorted([1]))
    assert Plain(items=[1]) != Sorted([1])


def test_a_hash_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sorted, "get_hash", lambda self: 5)
    with pytest.raises(Unrecordable, match="its get_hash gave a int"):
        hash_value(Sorted([1]))


# -- bytes -------------------------------------------------------------------------------------------------------------


@given(st.lists(st.text()))
def test_a_value_is_kept_as_it_says(lines: list[str]) -> None:
    described = describe(Lines(lines))
    assert (described.codec, described.type) == ("value text/plain", "tests.engine.own_values.Lines")
    assert again(Lines(lines)).lines == lines
    assert [one.lines for one in again([Lines(lines)])] == [lines]


def test_a_name_of_its_own_is_what_is_recorded() -> None:
    described = describe(Renamed(4))
    assert described.type == "elsewhere.Renamed"
    assert again(Renamed(4)).n == 4


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(TaskDefinitionError, match=r"two classes have the type_name 'elsewhere\.Renamed'"):
        type("Other", (Value,), {"type_name": "elsewhere.Renamed"})


def test_a_value_whose_class_is_gone_cannot_be_read_but_was_seen() -> None:
    described = describe(Lines(["a"]))
    with pytest.raises(Undecodable, match="no class in this process says how"):
        restore(described.codec, "no_module_of_ours.Lines", described.payload)
    assert "Lines" in described.preview


def test_a_copy_is_made_without_a_word_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kept, "base_path", str(tmp_path / "cache"))
    one = Kept([1, 2])
    other = copy.deepcopy(one)
    other.rows.append(3)
    assert one.rows == [1, 2]
    assert not (tmp_path / "cache").exists()


# -- whether it still holds --------------------------------------------------------------------------------------------


@task
def lock(path: str) -> Lock:
    Path(path).touch()
    return Lock(path)


@task
def path_of(lock: Lock) -> str:
    return lock.path


@task
def locked(path: str) -> list[str]:
    return [path_of(lock(path))]


def test_a_value_that_no_longer_holds_is_made_again(local_project: Project, tmp_path: Path) -> None:
    play, path = Rehearsal(local_project), tmp_path / "lock"
    assert play.run(locked(str(path))) == [str(path)]
    play.run(locked(str(path)))
    assert play.ran == []
    path.unlink()
    assert play.run(locked(str(path))) == [str(path)]
    assert "own.lock" in play.ran
    assert path.exists()


def test_a_value_that_is_asked_is_small() -> None:
    with pytest.raises(Unrecordable, match="to ask it later whether it is_valid"):
        describe(BigLock("a"))


@task
def report(path: str) -> Report:
    return Report("title", File(path))


def test_what_is_inside_a_value_counts(local_project: Project, tmp_path: Path) -> None:
    play, path = Rehearsal(local_project), tmp_path / "data.txt"
    path.write_text("one")
    play.run(report(str(path)))
    play.run(report(str(path)))
    assert play.ran == []
    path.write_text("three")
    play.run(report(str(path)))
    assert play.ran == ["own.report"]


# -- on the way into tasks and out of them -----------------------------------------------------------------------------


@task
def stamp(values: list[Stamped]) -> list[Stamped]:
    return values


@pytest.mark.parametrize("executor", ["default", "process"])
def test_values_know_when_they_go_into_a_task_and_out_of_it(executor: str) -> None:
    found = Scheduler(record=False).run(stamp.options(executor=executor)([Stamped()]))
    assert found[0].stamps == ("into stamp", "out of stamp")


@task
def same(value: Any) -> Any:
    return value


def test_values_without_hooks_are_left_alone_however_deep_and_knotted() -> None:
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    assert same.func(deep) is deep
    knot: list[Any] = [1]
    knot.append(knot)
    assert handed_over(knot, "preprocess", same.func) is knot
    assert handed_over(deep, "preprocess", same.func) is deep
    values = {"a": (Stamped(), [Stamped()])}
    found = handed_over(values, "preprocess", same.func)
    assert found["a"][1][0].stamps == ("into same",)
    assert values["a"][0].stamps == ()  # type: ignore[attr-defined]


# -- proxies -----------------------------------------------------------------------------------------------------------


def test_a_proxy_speaks_for_a_class_of_others_and_its_subclasses() -> None:
    assert hash_value(Foreign("a", 1)) == hash_value(Foreign("a", 2))
    assert hash_value(Foreign("a")) != hash_value(Foreign("b"))
    assert hash_value(Foreign("a")) != hash_value(MoreForeign("a"))
    for value in (Foreign("a"), MoreForeign("b")):
        found = again(value)
        assert (type(found), found.key) == (type(value), value.key)


@task
def keys_of(values: list[Any]) -> list[str]:
    return [value.key if isinstance(value, Foreign) else value.tobytes().decode() for value in values]


@task
def makes(how: str) -> list[Any]:
    return [Foreign("a"), MoreForeign("b"), memoryview(b"c")]


@task
def names_them(how: str) -> list[list[str]]:
    here = [Foreign("d"), memoryview(b"e")]
    return [
        keys_of.options(executor=how)(makes.options(executor=how)(how)),
        keys_of.options(executor=how)(here),
    ]


@pytest.mark.parametrize("executor", ["default", "process"])
def test_what_a_proxy_speaks_for_is_kept_and_sent_inside_others(
    local_project: Project, executor: str
) -> None:
    found = Scheduler(local_project).run(names_them(executor))
    assert found == [["a", "b", "c"], ["d", "e"]]
    play = Rehearsal(local_project)
    assert play.run(names_them(executor)) == found
    assert play.ran == []


def test_what_a_proxy_speaks_for_is_kept_however_deep_it_lies() -> None:
    deep: list[Any] = [Foreign("a")]
    for _ in range(20_000):
        deep = [deep]
    value = again(deep)
    while isinstance(value, list):
        (value,) = value
    assert value.key == "a"


def test_a_proxy_counts_from_when_it_is_there() -> None:
    before = hash_value(Late(1))

    class LateProxy(ProxyValue, of=Late):
        def get_hash(self) -> str:
            return "late"

    assert hash_value(Late(1)) == hash_value(Late(2)) != before
    assert again(Late(1)).n == 1, "it is pickled, as the proxy says nothing of that"


class Late:
    def __init__(self, n: int) -> None:
        self.n = n


def test_a_proxy_says_for_which_class_it_is() -> None:
    with pytest.raises(TaskDefinitionError, match="say which class it is for"):
        type("Nobodys", (ProxyValue,), {})
    with pytest.raises(TaskDefinitionError, match="a class of somebody else's is needed"):
        type("Wrong", (ProxyValue,), {}, of=Plain)


# -- values in files ---------------------------------------------------------------------------------------------------


@task
def kept(n: int) -> Kept:
    return Kept(list(range(n)))


@task
def total(kept: Kept) -> int:
    return sum(kept.rows)


def test_a_value_in_a_file_is_read_back_or_made_again(
    local_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kept, "base_path", str(tmp_path / "cache"))
    assert Scheduler(local_project).run(total(kept(4))) == 6
    [file] = (tmp_path / "cache").iterdir()
    described = describe(Kept([0, 1, 2, 3]))
    assert described.payload == str(file).encode()
    assert again(Kept([0, 1, 2, 3])).rows == [0, 1, 2, 3]
    scheduler = Scheduler(local_project)
    file.write_bytes(b"something else")
    with pytest.raises(Undecodable, match="not what was written"):
        restore(described.codec, described.type, described.payload)
    file.unlink()
    with pytest.raises(Undecodable, match="cannot be read"):
        restore(described.codec, described.type, described.payload)
    scheduler.wait_recorded()
    assert scheduler.run(kept(4)).rows == [0, 1, 2, 3]
    assert file.exists()


# -- pydantic ----------------------------------------------------------------------------------------------------------


@given(st.integers(), st.text())
def test_a_model_is_what_its_fields_hold(a: int, b: str) -> None:
    one = Model(a=a, b=b)
    assert hash_value(one) == hash_value(Model.model_validate({"b": b, "a": a}))
    assert hash_value(one) != hash_value(Model(a=a + 1, b=b))
    assert again(one) == one
    assert preview(one).startswith("Model(a=")


def test_a_default_that_was_given_is_the_default() -> None:
    assert hash_value(Model(a=1)) == hash_value(Model(a=1, b="x"))
    assert hash_value(OpenModel(a=1)) != hash_value(OpenModel(a=1, more=2))  # type: ignore[call-arg]
    other = Model(a=1)
    other._private = 1
    assert hash_value(other) != hash_value(Model(a=1))


def test_a_model_that_holds_what_cannot_be_recorded_says_where() -> None:
    with pytest.raises(Unrecordable, match=r"value\.call is a"):
        hash_value(OpenModel(a=1, call=lambda: 1))  # type: ignore[call-arg]


# -- polars ------------------------------------------------------------------------------------------------------------

columns = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=1),
    st.lists(st.one_of(st.none(), st.text()), min_size=1),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=1),
    st.lists(st.lists(st.integers(0, 9)), min_size=1),
)


@settings(deadline=None)
@given(columns, st.integers(0, 5))
def test_a_table_is_its_rows_however_it_is_chunked(column: list[Any], cut: int) -> None:
    series = polars.Series("c", column)
    frame = polars.DataFrame([series])
    chunked = polars.concat([frame[:cut], frame[cut:]], rechunk=False)
    padded = polars.concat([frame, frame]).slice(0, len(column))
    assert hash_value(chunked) == hash_value(padded) == hash_value(frame)
    assert hash_value(frame) != hash_value(frame.rename({"c": "d"}))
    assert hash_value(polars.concat([frame, frame])) != hash_value(frame)
    for value in (frame, series):
        found = again(value)
        assert type(found) is type(value)
        assert found.equals(value)
        assert hash_value(found) == hash_value(value)


@pytest.mark.parametrize(
    "series",
    [
        polars.Series("e", ["a", None], dtype=polars.Enum(["a", "b"])),
        polars.Series("c", ["a", "b", "a"], dtype=polars.Categorical),
        polars.Series("s", [{"a": 1, "b": "x"}, None]),
        polars.Series("d", [1, 2]).cast(polars.Datetime("ms", "UTC")),
        polars.Series("m", ["1.2"]).cast(polars.Decimal(10, 2)),
        polars.Series("n", [None]),
        polars.Series("b", [b"x", None]),
        polars.Series("f", [1.5, float("nan"), None]),
    ],
    ids=lambda series: str(series.name),
)
def test_columns_of_every_type_come_back(series: polars.Series) -> None:
    found = again(series)
    assert found.dtype == series.dtype
    assert hash_value(found) == hash_value(series)
    assert hash_value(series) != hash_value(series.to_frame())


def test_a_column_of_another_type_is_another_value() -> None:
    numbers = polars.Series("n", [1, 2])
    assert hash_value(numbers) != hash_value(numbers.cast(polars.Int32))
    texts = polars.Series("t", ["a"])
    assert hash_value(texts) != hash_value(texts.cast(polars.Categorical))


def test_a_table_that_is_a_plan_is_refused() -> None:
    with pytest.raises(Unrecordable, match=r"Call collect\(\) on it"):
        hash_value(polars.DataFrame({"a": [1]}).lazy())
    assert preview(polars.DataFrame({"a": [1], "b": ["x"]})) == "DataFrame 1 × 2: a, b"


def test_headwater_needs_neither_polars_nor_pydantic() -> None:
    code = (
        "import sys; import headwater; headwater.Value; headwater.run([1]);"
        "sys.exit(bool({'polars', 'pydantic', 'pandas', 'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
