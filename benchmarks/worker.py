"""A process that holds one library: thread pools and memory of the libraries must not meet.

It reads one request a line, `[name, arguments]`, and answers with one line of JSON; see `Holder` for the requests.
"""

import importlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.kernels import used_avx512
from benchmarks.limits import BEST, Limit
from benchmarks.peers import MODULES
from benchmarks.sizes import Size

ROOT = Path(__file__).resolve().parent.parent


def is_installed(peer: str) -> bool:
    return importlib.util.find_spec(MODULES[peer]) is not None


class Worker:
    """The parent's end. A request that fails raises RuntimeError with what the process said."""

    def __init__(self, peer: str, limit: Limit | None = None) -> None:
        self.peer = peer
        isa, environment = (limit.isa, limit.environment) if limit else (BEST, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer, isa],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def ask(self, request: str, *arguments: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([request, arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.peer}: its process ended with code {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.peer}: {answer['error']}")
        return answer["value"]

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it has ended before it read everything
                    pipe.close()


class Holder:
    """The child's end: one method for each request.

    Where the process is limited to less than AVX-512, what is timed raises RuntimeError if Linux saw such registers.
    """

    def __init__(self, peer: str, isa: str = BEST) -> None:
        self.isa = isa
        self.module = importlib.import_module(f"benchmarks.peers.{peer}")
        self.train: Callable[[], object] = lambda: None
        self.n_images = 0

    def label(self) -> str:
        return self.module.label()

    def kernels(self) -> dict[str, str]:
        return self.module.kernels()

    def timed(self, action: Callable[[], object]) -> float:
        """Its seconds."""
        seconds = seconds_of(action)
        if self.isa in ("v2", "v3") and used_avx512(seconds):
            raise RuntimeError(f"it uses AVX-512 where it is limited to {self.isa}")
        return seconds

    def build(self, hidden: list[int], batch_size: int, learning_rate: float, momentum: float, n_images: int) -> float:
        """Build, train once; the seconds that took, compilation included."""
        self.n_images = n_images
        self.train = self.module.training(Size(tuple(hidden), batch_size, learning_rate), momentum, n_images)
        return seconds_of(self.train)

    def throughput(self) -> float:
        """Images per second of one pass."""
        return self.n_images / self.timed(self.train)

    def build_prediction(self, layers: list[int]) -> None:
        self.predict = self.module.prediction(tuple(layers))

    def latency(self, n_images: int, repetitions: int) -> float:
        """Median seconds of a prediction of n_images."""
        from statistics import median

        from benchmarks.sizes import images_and_labels

        x = images_and_labels()[0][:n_images]
        seconds: list[float] = []
        self.timed(lambda: seconds.extend(seconds_of(lambda: self.predict(x)) for _ in range(repetitions)))
        return median(seconds)

    def peak_memory(self) -> float:
        """Megabytes of the whole process at its largest."""
        return peak_memory()

    def matrix_product(self, m: int, k: int, n: int) -> float:
        """Floating-point operations per second, in billions, of the library's own product of (m, k) and (k, n)."""
        import numpy as np

        a, b = np.ones((m, k), np.float32), np.ones((k, n), np.float32)
        multiply = self.module.product(a, b)
        return 2e-9 * m * k * n / min(self.timed(multiply) for _ in range(5))


def seconds_of(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def peak_memory() -> float:
    """Megabytes of this process at its largest."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss begins with what the parent process held
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main(peer: str, isa: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with answers
    holder: Holder | None = None
    for line in sys.stdin:
        request, arguments = json.loads(line)
        try:
            holder = holder or Holder(peer, isa)
            answer = {"value": getattr(holder, request)(*arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
