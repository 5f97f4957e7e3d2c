"""The compiled library of a 64-bit ARM processor, compiled by ziglang and run by qemu-user: a process for each call."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np

import hatch_build
from unstuck.nn.engine.compiled import library
from unstuck.nn.engine.compiled.step import CompiledSteps

Array = np.ndarray

EMULATOR = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
COMPILER = hatch_build.zig_compiler("aarch64", "linux-musl")
IS_THERE = EMULATOR is not None and COMPILER is not None
PAGE = 64  # bytes to which pieces of memory are laid out


def build(folder: Path, dtype: str) -> Path:
    """A program that runs the steps on a picture of memory; see driver.c."""
    assert COMPILER is not None
    real, bits = hatch_build.REALS[dtype]
    program = folder / f"driver-{dtype}"
    words = [word for word in (*COMPILER.command, *hatch_build.FLAGS) if word != "-shared"]
    source = Path(__file__).with_name("driver.c")
    command = [*words, "-static", f"-I{library.FOLDER}", f"-DREAL={real}", f"-DREAL_BITS={bits}", str(source)]
    caches = {f"ZIG_{kind}_CACHE_DIR": str(folder / "zig") for kind in ("LOCAL", "GLOBAL")}
    subprocess.run([*command, "-o", str(program)], check=True, env={**caches, **os.environ})
    return program


def stated(program: Path) -> library.Statements:
    """What the emulated library states."""
    text = subprocess.run([EMULATOR, program, "states"], check=True, capture_output=True, text=True).stdout
    found: library.Statements = {}
    for line in text.splitlines():
        group, name, *kind, value = line.split()
        found.setdefault(" ".join([group, *kind]), {})[name] = int(value)
    return found


class Emulated:
    """Steps whose calls go to the emulator, with all the memory that they may touch."""

    def __init__(self, program: Path, steps: CompiledSteps) -> None:
        self.program, self.steps = program, steps
        steps.library = replace(steps.library, run=self.run)

    def run(self, states: int, rows: int, n: int, rates: int, logits: int, part: int) -> int:
        if part:
            return 0  # the emulator runs both
        steps, network = self.steps, self.steps.examples.network
        n_rates = -(-n // int(steps.states["batch"][0]))
        pieces = [(steps.states.ctypes.data, steps.states.nbytes), (steps.layers.ctypes.data, steps.layers.nbytes)]
        pieces += [(rows, 8 * n), (rates, 8 * n_rates), (logits, n * network.sizes[-1] * network.dtype.itemsize)]
        vector, examples = steps.vector, steps.examples
        arrays = [vector.values, vector.gradient, *vector.memory.values(), *steps.buffers, *steps.masks]
        arrays += [array for array in (examples.t, examples.weight) if array is not None]
        pieces += [(array.ctypes.data, array.nbytes) for array in arrays]
        pieces.append(
            (int(steps.states["x"][0]), int(steps.states["x_stride"][0]) * examples.x.itemsize * len(examples.x))
        )
        return self.exchange([(at, size) for at, size in pieces if at and size], (states, rows, n, rates, logits))

    def exchange(self, pieces: list[tuple[int, int]], arguments: tuple[int, int, int, int, int]) -> int:
        """Send the pieces of memory, call, and put them back as they are afterwards."""
        starts = np.cumsum([0, *(-(-size // PAGE) * PAGE for _, size in pieces)])
        picture = np.zeros(starts[-1], np.uint8)
        for (at, size), start in zip(pieces, starts):
            picture[start : start + size] = memory(at, size)

        def place(address: int | None) -> int | None:
            inside = (
                start + address - at for (at, size), start in zip(pieces, starts) if at <= (address or 0) < at + size
            )
            return next(inside, None)

        places = []
        for structures in (self.steps.states, self.steps.layers):
            start = place(structures.ctypes.data)
            for at in range(start, start + structures.nbytes, 8):
                word = picture[at : at + 8].view(np.int64)
                target = place(int(word[0]))
                if target is not None:
                    word[0] = target
                    places.append(at)
        states, rows, n, rates, logits = arguments
        threads = int(self.steps.states["n_threads"][0])
        addresses = [place(states), place(rows) or 0, n, place(rates) or 0, place(logits) or 0, threads]
        head = np.array([len(picture), len(places), *addresses, *places], np.int64)
        sent = head.tobytes() + picture.tobytes()
        answer = subprocess.run([EMULATOR, self.program], input=sent, check=True, capture_output=True).stdout
        picture = np.frombuffer(answer[8:], np.uint8)
        for at, size in pieces[2:]:  # not the structures, whose addresses are the emulator's
            start = place(at)
            memory(at, size)[...] = picture[start : start + size]
        start = place(states)
        after = picture[start : start + self.steps.states.nbytes].view(self.steps.states.dtype)
        for name in ("in_panels", "finite", "done"):
            self.steps.states[name] = after[name]
        return int(np.frombuffer(answer[:8], np.int64)[0])


def memory(at: int, size: int) -> Array:
    """These bytes of this process."""
    import ctypes

    return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(at))
