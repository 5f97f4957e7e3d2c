"""Compiles the training steps when the package is built: by the machine's C compiler, or else by the one of ziglang.

Where neither can be had, the package is built all the same, and training takes its NumPy form.
"""

import importlib.util
import os
import platform
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("src", "unstuck", "nn", "engine", "compiled")
LEVELS = {"x86_64": ("v2", "v3", "v4"), "aarch64": ("generic",)}  # instruction sets; see library.py
REALS = {"float32": ("float", 32), "float64": ("double", 64)}
FLAGS = ["-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC", "-w"]
ZIG = "ziglang>=0.13"
OLDEST_GLIBC = 17  # of version 2: what ziglang links against, and what manylinux begins with for us
OLDEST_MACOS = "11.0"
SECONDS = 300  # after which a compiler is given up

TRIAL = "#include <sched.h>\n#include <stdatomic.h>\n#include <string.h>\nint answer(void) { return 42; }\n"


@dataclass(frozen=True)
class Compiler:
    """A command that compiles C for an instruction set of one kind of processor."""

    command: tuple[str, ...]
    machine: str  # "x86_64" or "aarch64"
    is_zig: bool = False

    def compile(self, source: Path, to: Path, level: str, *flags: str) -> None:
        """Make a shared library; raises OSError or SubprocessError if that fails."""
        for_processor = []
        if level != "generic":
            name = f"x86_64_{level}" if self.is_zig else f"x86-64-{level}"
            for_processor = [f"-march={name}", "-mprefer-vector-width=512"]
        command = [*self.command, *FLAGS, *for_processor, *flags, str(source), "-o", str(to)]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)

    def works(self) -> bool:
        """Whether it compiles for the best instruction set."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "trial.c")
            source.write_text(TRIAL, encoding="ascii")
            try:
                self.compile(source, Path(folder, "trial.so"), LEVELS[self.machine][-1])
            except (OSError, subprocess.SubprocessError):
                return False
        return True


def machine() -> str | None:
    """The kind of processor, if steps can be compiled for it and its system."""
    name = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    return name if name in LEVELS and sys.platform in ("linux", "darwin") and sys.maxsize > 2**32 else None


def machine_compiler() -> Compiler | None:
    """The compiler that `CC` names, or the usual ones, if the machine has one that works."""
    name = machine()
    commands = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    version = [f"-mmacosx-version-min={OLDEST_MACOS}"] if sys.platform == "darwin" else ["-s"]
    for command in commands:
        words = shlex.split(command)
        if name and words and shutil.which(words[0]):
            compiler = Compiler((*words, *version), name)
            if compiler.works():
                return compiler
    return None


def zig_compiler(name: str | None, system: str | None = None) -> Compiler | None:
    """The compiler that ziglang brings, if it is installed, for that kind of processor; `system` as it calls it."""
    if name is None or importlib.util.find_spec("ziglang") is None:
        return None
    if system is None and sys.platform == "darwin":
        system = f"macos.{OLDEST_MACOS}"
    elif system is None:
        system = f"linux-gnu.2.{OLDEST_GLIBC}" if platform.libc_ver()[0] == "glibc" else "linux-musl"
    return Compiler((sys.executable, "-m", "ziglang", "cc", "-target", f"{name}-{system}", "-s"), name, is_zig=True)


def is_wanted() -> bool:
    """Whether steps shall and can be compiled here."""
    return os.environ.get("UNSTUCK_COMPILED", "1") != "0" and machine() is not None


def compile_steps(compiler: Compiler, source: Path, folder: Path) -> list[Path]:
    """The libraries for all instruction sets and types, in that folder; raises OSError or SubprocessError."""
    sources = runpy.run_path(str(source / "fingerprint.py"))["fingerprint"](source)
    wanted = [(level, dtype) for level in LEVELS[compiler.machine] for dtype in REALS]

    def make(level: str, dtype: str) -> Path:
        real, bits = REALS[dtype]
        to = folder / f"step-{level}-{dtype}.so"
        compiler.compile(source / "step.c", to, level, f"-DREAL={real}", f"-DREAL_BITS={bits}", f"-DSOURCES={sources}")
        return to

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(make, *zip(*wanted)))


def platform_tag(libraries: list[Path]) -> str:
    """The platform that a wheel with these libraries is for, by what they ask of the system's C library."""
    name = platform.machine()
    if sys.platform == "darwin":
        return f"macosx_{OLDEST_MACOS.replace('.', '_')}_{name}"
    if platform.libc_ver()[0] != "glibc":
        from packaging.tags import platform_tags

        return next(iter(platform_tags()))
    asked = [int(version) for path in libraries for version in re.findall(rb"GLIBC_2\.(\d+)", path.read_bytes())]
    return f"manylinux_2_{max([OLDEST_GLIBC, *asked])}_{name}"


class CompiledSteps(BuildHookInterface[Any]):
    """Puts the libraries into the wheel; for an editable installation, beside their source."""

    def dependencies(self) -> list[str]:
        return [ZIG] if is_wanted() and machine_compiler() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        source, self.folder = Path(self.root) / SOURCE, Path(tempfile.mkdtemp())
        libraries = self._compile(source) if is_wanted() else []
        if version == "editable":
            for path in source.glob("*.so"):
                path.unlink()
            for path in libraries:
                shutil.move(path, source / path.name)
        elif libraries:
            build_data["force_include"] |= {str(path): f"{SOURCE.relative_to('src')}/{path.name}" for path in libraries}
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform_tag(libraries)}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _compile(self, source: Path) -> list[Path]:
        compiler = machine_compiler() or zig_compiler(machine())
        if compiler is None:
            self.app.display_warning("no C compiler and no ziglang: training will take its NumPy form")
            return []
        if compiler.is_zig:  # it keeps what it compiled, which nobody needs again
            os.environ |= {f"ZIG_{kind}_CACHE_DIR": str(self.folder / "zig") for kind in ("LOCAL", "GLOBAL")}
        try:
            return compile_steps(compiler, source, self.folder)
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", None) or b""
            self.app.display_warning(f"training will take its NumPy form: {error}\n{said.decode(errors='replace')}")
            return []
