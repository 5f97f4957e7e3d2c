"""The wheel and the source archive hold what they need, and work where there is no repository."""

import json
import os
import platform
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hatch_build import LEVELS, REALS

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"

LARGEST_WHEEL = 16_000_000  # bytes; MNIST is 11.4 million of them


def build(folder, *options):
    command = [sys.executable, "-m", "build", "--no-isolation", *options, "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The source archive, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(archives):
    names = {name for name in zipfile.ZipFile(archives[1]).namelist() if ".dist-info/" not in name}
    ours = {path for path in (SOURCE / "unstuck").rglob("*") if path.is_file()}
    made_by_tools = {path for path in ours if {"__pycache__", ".mypy_cache"} & set(path.parts) or path.suffix == ".so"}
    libraries = {name for name in names if name.endswith(".so")}
    assert names - libraries == {path.relative_to(SOURCE).as_posix() for path in ours - made_by_tools}
    assert {Path(name).name for name in libraries} == {
        f"step-{level}-{dtype}.so" for level in LEVELS.get(platform.machine(), ()) for dtype in REALS
    }
    assert archives[1].stat().st_size < LARGEST_WHEEL


def test_the_source_archive_holds_what_the_checks_need(archives):
    with tarfile.open(archives[0]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    needed = (
        "tests/conftest.py docs/tutorial.md examples/xor.py scripts/check mkdocs.yml .ci/run LICENSE pyproject.toml"
    )
    assert set(needed.split()) <= names


@pytest.mark.slow
def test_the_wheel_works_in_an_environment_of_its_own(archives, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = [programs / "python", "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", archives[1]]
    subprocess.run(install, check=True)
    (tmp_path / "elsewhere").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def unstuck(*arguments, code=0):
        command = [programs / "unstuck", *arguments]
        done = subprocess.run(command, cwd=tmp_path / "elsewhere", env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done

    trained = json.loads(unstuck("train", "--epochs", "1", "--json").stdout)
    assert trained["test_accuracy"] > 0.95
    assert json.loads(unstuck("evaluate", "model.safetensors", "--json").stdout)["errors"] < 500
    bar = np.zeros((28, 28), np.uint8)
    bar[4:24, 12:16] = 255
    Image.fromarray(bar).save(tmp_path / "elsewhere" / "one.png")
    assert unstuck("predict", "model.safetensors", "one.png").stdout.startswith("one.png: 1  ")
    program = (ROOT / "examples" / "stuck" / "batch_softmax.py").read_text(encoding="utf-8")
    (tmp_path / "elsewhere" / "stuck.py").write_text(program, encoding="utf-8")
    assert "F01 softmax-over-batch (proved)" in unstuck("diagnose", "stuck.py", "--html", "stuck.html", code=1).stdout
    assert "<html" in (tmp_path / "elsewhere" / "stuck.html").read_text(encoding="utf-8")
    assert "softmax-over-batch" in unstuck("rules").stdout
    assert "nielsen" in unstuck("recipes").stdout
    unstuck("export", "model.safetensors", "--to", "npz", "model.npz")
    for extra, arguments in {
        "onnx": ["export", "model.safetensors", "--to", "onnx", "model.onnx"],
        "web": ["serve", "--port", "0"],
        "plot": ["train", "--plot", "pictures"],
        "tensorboard": ["train", "--log-dir", "logs"],
    }.items():
        sentence = unstuck(*arguments, code=2).stderr
        assert f"unstuck[{extra}]" in sentence
        assert sentence.count("\n") == 1
