"""The package is built with libraries where there is a compiler, and all the same where there is none."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BACKEND = "import hatchling.build as backend; print(backend.{}({!r}))"

hatch_build = pytest.importorskip("hatch_build")
can_compile = hatch_build.machine_compiler() is not None
needs_zig = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed")


def run_backend(function: str, folder: Path, **environment: str) -> str:
    """What one of hatchling's functions answers when it builds this package."""
    script = BACKEND.format(function, str(folder)) if function.startswith("build") else BACKEND.format(function, {})
    command = [sys.executable, "-c", script]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout


def built(folder: Path, **environment: str) -> tuple[str, list[str]]:
    """The name of a wheel and the libraries in it."""
    run_backend("build_wheel", folder, **environment)
    (wheel,) = folder.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "unstuck/nn/engine/compiled/step.c" in names
    return wheel.name, sorted(Path(name).name for name in names if name.endswith(".so"))


def test_ziglang_is_asked_for_only_where_there_is_no_compiler(tmp_path: Path) -> None:
    without = run_backend("get_requires_for_build_wheel", tmp_path, CC="no-such-compiler")
    assert ("ziglang" in without) == (hatch_build.machine() is not None)
    assert "ziglang" not in run_backend("get_requires_for_build_wheel", tmp_path, CC="false", UNSTUCK_COMPILED="0")
    if can_compile:
        assert "ziglang" not in run_backend("get_requires_for_build_wheel", tmp_path)


def test_a_compiler_that_fails_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("no-such-compiler", "false", ""):
        monkeypatch.setenv("CC", command)
        assert hatch_build.machine_compiler() is None or command == ""


@pytest.mark.parametrize("machine", ["riscv64", "i686", "ppc64le"])
def test_odd_processors_are_left_alone(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build.platform, "machine", lambda: machine)
    assert hatch_build.machine() is None
    assert not hatch_build.is_wanted()


def test_the_tag_says_which_c_library_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build.sys, "platform", "linux")
    monkeypatch.setattr(hatch_build.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(hatch_build.platform, "libc_ver", lambda: ("glibc", "2.40"))
    library = tmp_path / "step.so"
    for symbols, expected in ((b"GLIBC_2.2.5\0GLIBC_2.14\0", 17), (b"GLIBC_2.14\0GLIBC_2.34\0", 34)):
        library.write_bytes(symbols)
        assert hatch_build.platform_tag([library]) == f"manylinux_2_{expected}_x86_64"


@pytest.mark.slow
@pytest.mark.skipif(not can_compile, reason="this machine has no C compiler")
def test_a_wheel_with_the_compiler_of_this_machine(tmp_path: Path) -> None:
    name, libraries = built(tmp_path)
    assert len(libraries) == 2 * len(hatch_build.LEVELS[hatch_build.machine()])
    assert "py3-none-any" not in name


@pytest.mark.slow
@needs_zig
def test_a_wheel_without_a_compiler(tmp_path: Path) -> None:
    name, libraries = built(tmp_path, CC="no-such-compiler")
    assert len(libraries) == 2 * len(hatch_build.LEVELS[hatch_build.machine()])
    assert sys.platform != "linux" or "manylinux_2_17" in name or "musllinux" in name


@pytest.mark.slow
def test_a_wheel_without_a_compiler_and_without_ziglang(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys; sys.modules['ziglang'] = None\n", encoding="ascii")
    name, libraries = built(tmp_path, CC="no-such-compiler", PYTHONPATH=str(hidden))
    assert libraries == []
    assert name.endswith("py3-none-any.whl")
