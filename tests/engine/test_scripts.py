"""Scripts as calls: what runs, what comes back, and what is said when it does not work."""

from __future__ import annotations

import os
import pickle
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from headwater.engine.script import prepare_command

from headwater import (
    CallError,
    Dir,
    File,
    FileSet,
    IFile,
    Scheduler,
    ScriptError,
    TaskDefinitionError,
    catch,
    script,
    task,
)

headwater_namespace = "scripts"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def run(expression: Any) -> Any:
    return Scheduler(record=False).run(expression)


# -- commands --------------------------------------------------------------------------------------------------------


def test_a_text_is_run_by_bash_which_stops_at_the_first_error() -> None:
    assert run(script("echo one\necho two")) == "one\ntwo\n"
    assert run(script("cat /dev/null")) == ""
    with pytest.raises(ScriptError, match="exit status 1"):
        run(script("false\necho not reached"))
    with pytest.raises(ScriptError, match="exit status 3"):
        run(script("(exit 3) | cat"))


def test_indentation_and_blank_lines_around_are_taken_off() -> None:
    command = """

        if true; then
            echo "  kept  "
        fi
    """
    assert run(script(command)) == "  kept  \n"
    assert str(prepare_command(command)).endswith('\nif true; then\n    echo "  kept  "\nfi\n')


def test_a_here_document_ends_where_it_says() -> None:
    assert run(script("cat <<EOF\nEOF is a word\nEOF\necho after")) == "EOF is a word\nafter\n"


def test_any_language_is_named_by_the_first_line() -> None:
    python = f"""
        #!{sys.executable}
        import sys
        print(sys.version_info.major, "x" * 3)
    """
    assert run(script(python)) == "3 xxx\n"
    assert run(script(f"#!{sys.executable} -I\nimport sys; print(sys.flags.isolated)")) == "1\n"
    assert run(script("#!/usr/bin/env python3\nprint(1 + 1)")) == "2\n"
    assert run(script("#!/bin/sh\nfalse\necho on")) == "on\n", "the prologue is for bash alone"


@pytest.mark.parametrize(
    ("program", "text"), [("perl", 'print "a" . 1'), ("awk -f", 'BEGIN { printf "a1" }')]
)
def test_other_programs_run(program: str, text: str) -> None:
    path = shutil.which(program.split(maxsplit=1)[0])
    if path is None:
        pytest.skip(f"{program} is not installed")
    assert run(script(f"#!{path}{program[len(program.split(maxsplit=1)[0]) :]}\n{text}")) == "a1"


def test_a_list_is_quoted_word_by_word(here: Path) -> None:
    words = ["-n", "a b", "$HOME", "'", '"', "*", "", "new\nline", "☃", 5]
    assert run(script(["printf", "%s|", *words])) == "-n|a b|$HOME|'|\"|*||new\nline|☃|5|"
    (here / "-it's").write_text("in it")
    assert run(script(["cat", "--", File("-it's")])) == "in it"


def test_an_empty_command_is_refused() -> None:
    for command in ("", "  \n ", [], None, 5):
        with pytest.raises(CallError, match="needs a command"):
            script(command)  # type: ignore[arg-type]
    with pytest.raises(CallError, match="names no interpreter"):
        run(script("#!\nx"))


def test_an_interpreter_that_is_not_there_is_named() -> None:
    with pytest.raises(ScriptError, match="asks for /no/such/program, which is no program"):
        run(script("#!/no/such/program\nx"))
    with pytest.raises(ScriptError, match="exit status 127"):
        run(script("#!/usr/bin/env no-such-program\nx"))


def test_an_option_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(TaskDefinitionError, match=r"'output'\. Did you mean outputs"):
        script("true", output=File("out"))
    with pytest.raises(TaskDefinitionError, match="executor"):
        script("true", executer="process")


# -- results ---------------------------------------------------------------------------------------------------------


def test_stdout_is_text_or_bytes_where_it_is_none() -> None:
    assert run(script("printf 'é'")) == "é"
    assert run(script(r"printf '\xff\x00'")) == b"\xff\x00"
    assert run(script("head -c 3000000 /dev/zero | tr '\\0' x")) == "x" * 3_000_000


class Pair(NamedTuple):
    text: Any
    file: Any


def test_outputs_give_the_result_its_shape(here: Path) -> None:
    got = run(
        script(
            "echo said; echo a > a; mkdir d; echo b > d/b",
            outputs={
                "all": [File("-"), File("a"), Dir("d"), FileSet("d/*")],
                "n": 5,
                "pair": Pair(File("-"), IFile("a")),
            },
        )
    )
    said, a, d, matching = got["all"]
    assert (said, got["n"], got["pair"].text) == ("said\n", 5, "said\n")
    assert (a.read(), a.path, type(a)) == ("a\n", "a", File)
    assert [file.read() for file in d] == [file.read() for file in matching] == ["b\n"]
    assert (type(got["pair"]), type(got["pair"].file)) == (Pair, IFile)
    assert all(item.is_valid() for item in (a, d, matching))


def test_an_output_is_what_it_is_after_the_script(here: Path) -> None:
    (here / "a").write_text("before")
    assert run(script("echo after > a", outputs=File("a"))).read() == "after\n"


@pytest.mark.parametrize("made", ["true", "mkdir a"])
def test_an_output_that_was_not_written_is_an_error(here: Path, made: str) -> None:
    with pytest.raises(ScriptError, match=r"output .*/a is no file: (it ran in|a folder has that name)"):
        run(script(made, outputs=File("a")))


def test_the_result_of_a_script_can_be_the_input_of_another(here: Path) -> None:
    first = script("printf '2\\n1\\n3\\n' > numbers", outputs=File("numbers"))
    second = script("sort numbers", inputs=[first])
    assert run(second) == "1\n2\n3\n"
    assert run(script(["sort", first])) == "1\n2\n3\n"
    both = script("true", inputs=[first], outputs=[first, {"n": first}])
    assert run(both)[0].read() == run(both)[1]["n"].read() == "2\n1\n3\n"


# -- inputs ----------------------------------------------------------------------------------------------------------


def test_an_input_that_is_missing_is_named_before_anything_runs(here: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"input .*/nosuch is no file\."):
        run(script("touch ran", inputs=[File("nosuch")]))
    with pytest.raises(FileNotFoundError, match="nosuch is no folder"):
        run(script("touch ran", inputs=[{"x": Dir("nosuch")}]))
    with pytest.raises(FileNotFoundError, match="is no file, but a folder has that name"):
        run(script("touch ran", inputs=File(here)))
    assert not (here / "ran").exists()


def test_staged_inputs_and_outputs_are_copied(here: Path, tmp_path: Path) -> None:
    source, result = File(f"memory://{tmp_path.name}/in"), File(f"memory://{tmp_path.name}/out")
    source.write("b\na\n")
    folder = Dir(f"memory://{tmp_path.name}/folder")
    (folder / "x").write("x")
    got = run(
        script(
            "sort here.txt > there.txt; cp -r folder made",
            inputs=[source.stage("here.txt"), folder.stage()],
            outputs=[result.stage("there.txt"), Dir(f"memory://{tmp_path.name}/made").stage("made")],
            tempdir=True,
        )
    )
    assert [item.uri for item in got] == [result.uri, f"memory://{tmp_path.name}/made"]
    assert got[0].read() == "a\nb\n"
    assert [file.read() for file in got[1]] == ["x"]
    assert os.listdir(here) == []


def test_a_staged_output_that_was_not_written_is_an_error(here: Path) -> None:
    with pytest.raises(ScriptError, match=r"output .*here\.txt is no file"):
        run(script("true", outputs=File("home.txt").stage("here.txt"), tempdir=True))


def test_a_temporary_folder_is_new_and_leaves_with_the_script(here: Path) -> None:
    where = run(script("pwd; touch x; mkdir -p y; chmod 500 y", tempdir=True)).strip()
    assert where != str(here)
    assert not os.path.exists(where)
    with pytest.raises(ScriptError, match="exit status"):
        run(script(f"pwd > {shlex.quote(str(here))}/where; false", tempdir=True))
    assert not os.path.exists((here / "where").read_text().strip())
    with pytest.raises(ScriptError, match="declared by File"):
        run(script("touch x", outputs=File("x"), tempdir=True))


def test_an_input_that_changes_while_the_script_runs_is_an_error(here: Path) -> None:
    (here / "a").write_text("one")
    with pytest.raises(ScriptError, match=r"input .*/a changed after the call was made"):
        run(script("echo more >> a", inputs=File("a")))
    (here / "d").mkdir()
    (here / "d" / "b").write_text("one")
    with pytest.raises(ScriptError, match=r"input .*/d changed .*\(.*/d/b\)"):
        run(script("echo more >> d/b; touch d/c", inputs=Dir("d")))


def test_files_added_to_an_input_folder_are_a_warning(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    (here / "d").mkdir()
    (here / "d" / "b").write_text("one")
    assert run(script("touch d/c d/e", inputs=Dir("d"))) == ""
    (record,) = caplog.records
    assert "wrote into its input" in record.getMessage()
    assert f"{here}/d/c, {here}/d/e" in record.getMessage()


# -- failures --------------------------------------------------------------------------------------------------------


def test_the_error_has_status_and_the_last_lines_of_stderr() -> None:
    with pytest.raises(ScriptError) as caught:
        run(script("#!/bin/sh\nfor i in $(seq 100); do echo line $i >&2; done; printf 'no end' >&2; exit 7"))
    error = caught.value
    assert (error.exit_status, error.log) == (7, None)
    assert error.stderr.splitlines()[-2:] == ["line 100", "no end"]
    assert len(error.stderr.splitlines()) == 20
    assert "exit status 7" in str(error)
    assert "no end" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.exit_status, again.stderr) == (str(error), 7, error.stderr)


def test_a_signal_is_named() -> None:
    with pytest.raises(ScriptError, match=r"signal 9 \(SIGKILL\)") as caught:
        run(script("kill -9 $$"))
    assert caught.value.exit_status == -9


def test_an_error_can_be_caught() -> None:
    @task(version="1")
    def recover(error: ScriptError) -> int:
        assert error.exit_status is not None
        return error.exit_status

    assert run(catch(script("exit 4"), ScriptError, recover)) == 4


def test_stdin_is_empty() -> None:
    assert run(script("cat; echo end")) == "end\n"


# -- secrets ---------------------------------------------------------------------------------------------------------


def test_secrets_are_hidden_in_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "hunter2-and-more")
    with pytest.raises(ScriptError) as caught:
        run(script('echo "$MY_API_TOKEN" > /dev/null; printf "%s" "$MY_API_TOKEN" >&2; false'))
    assert "hunter2" not in str(caught.value)
    assert "***" in caught.value.stderr


def test_a_secret_in_the_text_of_a_script_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "hunter2-and-much-more")
    with pytest.raises(CallError, match="MY_API_TOKEN") as caught:
        script(f"curl --header {os.environ['MY_API_TOKEN']}")
    assert "hunter2" not in str(caught.value)
    assert run(script('printf %s "${#MY_API_TOKEN}"')) == "21"


# -- script tasks ----------------------------------------------------------------------------------------------------


@task(script=True)
def greet(name: str) -> str:
    """Greet in a shell."""
    return f"echo hello {name}"


@task(script=True)
def count(file: File) -> list[Any]:
    return ["wc", "-l", file]


def test_the_text_that_a_script_task_returns_is_run(here: Path) -> None:
    assert run(greet("you")) == "hello you\n"
    (here / "a").write_text("1\n2\n")
    assert run(count(File("a"))).split()[0] == "2"
    assert greet.func("you") == "echo hello you"


def test_being_a_script_counts_in_a_tasks_hash() -> None:
    def text() -> str:
        return "echo 1"

    assert task(name="a", script=True)(text).hash != task(name="a")(text).hash


def test_scripts_run_in_worker_processes() -> None:
    assert run(script("echo hello", executor="process")) == "hello\n"
    with pytest.raises(ScriptError, match="exit status 5") as caught:
        run(script("echo bad >&2; exit 5", executor="process"))
    assert caught.value.exit_status == 5


# -- staged files where scripts share a folder -------------------------------------------------------------------------


@task
def staged_side_by_side(home: str, count: int) -> Any:
    return [
        script(
            "sleep 0.05; cat in.txt > out.txt; sleep 0.05; cat in.txt >> out.txt",
            inputs=File(f"{home}/in{n}").stage("in.txt"),
            outputs=File(f"{home}/out{n}").stage("out.txt"),
            executor=("default", "process")[n % 2],
        )
        for n in range(count)
    ]


def test_scripts_that_stage_to_one_place_take_turns(tmp_path: Path) -> None:
    for n in range(4):
        (tmp_path / f"in{n}").write_text(f"{n}\n")
    made = run(staged_side_by_side(str(tmp_path), 4))
    assert [file.read() for file in made] == [f"{n}\n{n}\n" for n in range(4)]


def test_what_an_earlier_run_left_where_files_are_staged_takes_no_part(tmp_path: Path, here: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("a")
    for folder in ("taken", "made"):
        (here / folder).mkdir()
        (here / folder / "old").write_text("old")
    folders = run(
        script(
            "ls taken > made/list",
            inputs=Dir(tmp_path / "in").stage("taken"),
            outputs=Dir(tmp_path / "out").stage("made"),
        )
    )
    assert {file.basename(): file.read() for file in folders} == {"list": "a\n"}
    assert (here / "made" / "old").read_text() == "old", "nobody loses what was there"

    (here / "out.txt").write_text("old")
    with pytest.raises(ScriptError, match=r"its output .*out\.txt is no file"):
        run(script("true", outputs=File(tmp_path / "home").stage("out.txt")))
    assert (here / "out.txt").read_text() == "old"
    assert (
        run(script("echo new >> out.txt", outputs=File(tmp_path / "home").stage("out.txt"))).read() == "new\n"
    )
    assert sorted(os.listdir(here)) == ["made", "out.txt", "taken"]


def test_two_files_are_not_staged_to_one_place(tmp_path: Path) -> None:
    one, two = File(tmp_path / "one"), File(tmp_path / "two")
    one.write("1")
    two.write("2")
    for tempdir in (True, False):
        with pytest.raises(CallError, match="both staged to"):
            run(script("cat in", [one.stage("in"), two.stage("./in")], tempdir=tempdir))
        with pytest.raises(CallError, match="two outputs"):
            run(script("touch a b", outputs=[one.stage("a"), one.stage("b")], tempdir=tempdir))
    made = run(
        script("cat in > out", [one.stage("in"), one.stage("in")], [two.stage("out")] * 2, tempdir=True)
    )
    assert [file.read() for file in made] == ["1", "1"]


def test_what_a_script_takes_as_it_is_is_no_leftover(tmp_path: Path, here: Path) -> None:
    (here / "a.txt").write_text("a")
    home = File(tmp_path / "home")
    assert run(script("true", inputs=File("a.txt"), outputs=home.stage("a.txt"))).read() == "a"
    own = File("a.txt")
    assert run(script("true", inputs=own.stage("a.txt"), outputs=own.stage("a.txt"))).read() == "a"
    (here / "made").mkdir()
    (here / "made" / "in").write_text("in")
    for places in (Dir(tmp_path / "x").stage("."), Dir(tmp_path / "x").stage("made")):
        with pytest.raises(CallError, match="use tempdir=True"):
            run(script("true", inputs=File("made/in"), outputs=places))
    assert (here / "made" / "in").read_text() == "in"


def test_of_a_temporary_folder_no_file_of_the_working_directory_is_an_output(here: Path) -> None:
    (here / "made").mkdir()
    for name in ("out.txt", "made/out.txt"):
        (here / name).write_text("old")
    for place in (File("out.txt"), Dir("made"), FileSet("made/*.txt")):
        with pytest.raises(ScriptError, match=r"did not write .*stage"):
            run(script("true", outputs=place, tempdir=True))
        with pytest.raises(ScriptError, match=r"in the temporary folder.*stage"):
            run(script("mkdir made; echo new | tee out.txt > made/out.txt", outputs=place, tempdir=True))
    assert (here / "out.txt").read_text() == "old"


def test_from_a_temporary_folder_a_script_may_write_where_it_is_told(here: Path) -> None:
    for text in ("one", "two"):
        made = run(
            script(
                f"#!/bin/sh\nmkdir -p {here}/made; echo {text} | tee {here}/out.txt > {here}/made/out.txt",
                outputs=[File("out.txt"), Dir("made"), FileSet("made/*.txt"), File(here / "out.txt")],
                tempdir=True,
            )
        )
        assert made[0].read() == made[3].read() == made[1].files()[0].read() == f"{text}\n"
        assert len(made[2]) == 1
