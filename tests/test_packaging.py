"""A wheel, an sdist and an editable install all give `headwater.engine`, its siblings and the queries."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WINGS = ("cypher", "engine", "lineage")
SOURCES = ("headwater", *WINGS, "tests", "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")

pytestmark = pytest.mark.xdist_group("packaging")


def build(kind: str, source: Path, into: Path) -> Path:
    """Run one hook of the build backend, as pip does, and give the file it made."""
    into.mkdir(parents=True, exist_ok=True)
    code = f"import sys; from setuptools import build_meta as b; print('made', b.build_{kind}(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(into)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = [line.removeprefix("made ") for line in done.stdout.splitlines() if line.startswith("made ")]
    return into / made[-1]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a distribution is built from: building leaves files in its folder."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


def expected_names() -> set[str]:
    """Every Python, Cypher and marker file of the wings, under the name it is installed by."""
    names = set()
    for wing in ("headwater", *WINGS):
        for path in (ROOT / wing).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                inner = path.relative_to(ROOT).as_posix()
                names.add(inner if wing == "headwater" else f"headwater/{inner}")
    return names


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def where_imports_come_from(site_packages: Path) -> dict[str, Path]:
    """Which file a fresh interpreter, with no other site-packages, would import for each wing."""
    modules = ["headwater", "headwater.cli", *(f"headwater.{wing}" for wing in WINGS)]
    code = (
        "import sys, site\n"
        "from importlib.util import find_spec\n"
        "site.addsitedir(sys.argv[1])\n"
        "for name in sys.argv[2:]:\n"
        "    print(name, find_spec(name).origin)\n"
    )
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(site_packages), *modules],
        cwd=site_packages.parent,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {line.split(" ", 1)[0]: Path(line.split(" ", 1)[1]) for line in done.stdout.splitlines()}


def test_a_wheel_holds_every_wing_and_every_cypher_file(wheel: Path) -> None:
    assert names_in(wheel) == expected_names()


def test_a_wheel_puts_one_name_into_site_packages(wheel: Path) -> None:
    assert {name.split("/")[0] for name in names_in(wheel)} == {"headwater"}


def test_a_wheel_has_the_two_commands(wheel: Path) -> None:
    commands = configparser.ConfigParser()
    with zipfile.ZipFile(wheel) as archive:
        [entry_points] = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        commands.read_string(archive.read(entry_points).decode())
    assert dict(commands["console_scripts"]) == {
        "headwater": "headwater.cli:main",
        "hw": "headwater.cli:main",
    }


def test_an_installed_wheel_imports_the_wings_from_its_own_folder(wheel: Path, tmp_path: Path) -> None:
    site_packages = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages)
    for module, file in where_imports_come_from(site_packages).items():
        assert file.is_relative_to(site_packages), f"{module} came from {file}"


def test_an_sdist_builds_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    sdist = build("sdist", source, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(tmp_path / "unpacked", filter="data")
        else:
            archive.extractall(tmp_path / "unpacked")
    [unpacked] = (tmp_path / "unpacked").iterdir()
    assert (unpacked / "LICENSE").exists()
    assert not (unpacked / "tests").exists()
    assert names_in(build("wheel", unpacked, tmp_path / "again")) == names_in(wheel)


def test_an_editable_install_imports_the_wings_from_the_tree(source: Path, tmp_path: Path) -> None:
    site_packages = tmp_path / "site-packages"
    with zipfile.ZipFile(build("editable", source, tmp_path / "editable")) as archive:
        archive.extractall(site_packages)
    found = where_imports_come_from(site_packages)
    assert found["headwater"] == source / "headwater" / "__init__.py"
    for wing in WINGS:
        assert found[f"headwater.{wing}"] == source / wing / "__init__.py"
