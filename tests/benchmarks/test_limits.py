"""Everybody is limited alike to an instruction set, and who is not limited is not compared."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as harness
from benchmarks import limits
from benchmarks import peers as peers_module
from benchmarks.kernels import beyond, level_of, mkl_in, openblas_of, printed_by, used_avx512
from benchmarks.limits import Limit, choices, limited, variables
from benchmarks.plan import Plan
from benchmarks.processor import LEVELS, NEEDED, levels_of, processor_flags
from benchmarks.sizes import SIZES, Size
from benchmarks.worker import Worker

TINY = Size((8,), 10, 0.01)
V2, V3, V4 = (NEEDED[level] for level in LEVELS)

has_avx2 = "v3" in levels_of(processor_flags())
can_hide = "cpuid_fault" in processor_flags() and shutil.which("cc") is not None
needs_avx2 = pytest.mark.skipif(not has_avx2, reason="the processor has no AVX2 to be kept from")
needs_hiding = pytest.mark.skipif(not can_hide, reason="this processor cannot hide its features, or there is no cc")


def architecture(environment: dict[str, str]) -> str:
    """The processor for which a fresh process's NumPy has chosen its OpenBLAS."""
    command = "import numpy; from benchmarks.kernels import openblas_of; print(*openblas_of('numpy').values())"
    done = subprocess.run([sys.executable, "-c", command], env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("isa", "aten", "core", "xla"),
    [("v2", "default", "Nehalem", "SSE4_2"), ("v3", "avx2", "Haswell", "AVX2"), ("v4", "avx512", "SkylakeX", "AVX512")],
)
def test_a_limit_names_the_same_instruction_set_to_every_library(isa, aten, core, xla) -> None:
    said = variables(isa)
    assert said["ATEN_CPU_CAPABILITY"] == aten
    assert said["OPENBLAS_CORETYPE"] == core
    assert said["XLA_FLAGS"] == f"--xla_cpu_max_isa={xla}"
    assert said["MKL_ENABLE_INSTRUCTIONS"] == xla
    assert said["TORCHINDUCTOR_CPP_MARCH"] == f"x86-64-{isa}"
    assert said["UNSTUCK_ISA"] == isa
    assert said["ONEDNN_MAX_CPU_ISA"].startswith(xla.split("4")[0])


def test_the_best_is_no_limit() -> None:
    assert variables("best") == {}
    with limited("best", {"HOME": "/"}) as limit:
        assert limit == Limit("best", {"HOME": "/"})


def test_a_processor_has_the_levels_whose_flags_it_has_without_a_gap() -> None:
    assert levels_of(V2 | V3 | V4) == ["v2", "v3", "v4"]
    assert levels_of(V2 | V3 | {"avx512f"}) == ["v2", "v3"]
    assert levels_of(V2 | V4) == ["v2"]
    assert levels_of({"asimd", "neon"}) == []


def test_flags_are_read_from_the_first_processor(tmp_path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nflags\t\t: fpu avx2\n\nprocessor\t: 1\nflags\t\t: fpu\n")
    assert processor_flags(tmp_path / "cpuinfo") == {"fpu", "avx2"}
    assert processor_flags(tmp_path / "none") == set()


def test_what_the_environment_chooses_is_not_passed_on(capsys) -> None:
    environment = {
        "HOME": "/",
        "NVPL_BLAS_DEBUG_CPU_TYPE": "1",
        "OPENBLAS_CORETYPE": "Prescott",
        "OMP_NUM_THREADS": "1",
    }
    assert choices(environment) == ["NVPL_BLAS_DEBUG_CPU_TYPE", "OMP_NUM_THREADS", "OPENBLAS_CORETYPE"]
    with limited("best", environment) as limit:
        assert limit.environment == {"HOME": "/"}
    harness.warn(environment)
    assert "not passed on to what is measured: NVPL_BLAS_DEBUG_CPU_TYPE, OMP_NUM_THREADS" in capsys.readouterr().err


def test_where_nothing_can_be_hidden_the_variables_remain(monkeypatch) -> None:
    monkeypatch.setattr(limits, "build_hiding", lambda isa, folder: None)
    with limited("v3", {}) as limit:
        assert limit == Limit("v3", variables("v3"), hidden=False)


@needs_hiding
@pytest.mark.parametrize(("isa", "expected"), [("v2", "Nehalem"), ("v3", "Haswell")])
def test_a_process_does_not_see_what_is_hidden(isa, expected) -> None:
    with limited(isa, os.environ) as limit:
        assert limit.hidden
        preloaded = limit.environment["LD_PRELOAD"]
        seen = architecture({**os.environ, "LD_PRELOAD": preloaded})
    assert seen in (expected, "Zen", "Excavator")
    assert not Path(preloaded.split()[0]).exists()


@needs_hiding
def test_a_process_that_catches_its_own_faults_still_does() -> None:
    crash = "import faulthandler, ctypes; faulthandler.enable(); import numpy; ctypes.string_at(0)"
    with limited("v3", os.environ) as limit:
        done = subprocess.run([sys.executable, "-c", crash], env=limit.environment, capture_output=True, timeout=60)
    assert done.returncode < 0
    assert b"Fatal Python error: Segmentation fault" in done.stderr


def test_without_a_compiler_nothing_is_hidden(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert limits.build_hiding("v3", tmp_path) is None


def test_a_library_that_cannot_hide_anything_is_not_used(tmp_path, monkeypatch) -> None:
    (tmp_path / "fails.c").write_text(
        "#include <unistd.h>\n__attribute__((constructor)) static void hide(void) { _exit(111); }"
    )
    monkeypatch.setattr(limits, "SOURCE", tmp_path / "fails.c")
    assert limits.build_hiding("v3", tmp_path) is None


@pytest.mark.parametrize(
    ("name", "level"),
    [("Haswell", "v3"), ("avx512 avx512_vnni amx_tile", "v4"), ("DEFAULT", "v2"), ("neoversen1", None)],
)
def test_names_of_kernels_have_levels(name, level) -> None:
    assert level_of(name) == level


def test_kernels_beyond_the_limit_are_named() -> None:
    kernels = {"ATen": "AVX2", "MKL": "AVX-512", "another": "something new"}
    assert beyond(kernels, "v2") == ["ATen uses AVX2", "MKL uses AVX-512"]
    assert beyond(kernels, "v3") == ["MKL uses AVX-512"]
    assert beyond(kernels, "v4") == []


def test_the_instruction_set_of_mkl_is_read_from_what_it_prints() -> None:
    report = (
        "oneMKL for Intel(R) 64 architecture Intel(R) Advanced Vector Extensions 2 (Intel(R) AVX2) enabled processors"
    )
    assert mkl_in(report) == {"MKL": "AVX2"}
    assert mkl_in("MKL_VERBOSE SGEMM(N,N,64,64,64)") == {}


def test_what_is_written_below_python_is_caught(capfd) -> None:
    assert printed_by(lambda: os.write(1, b"from C")) == "from C"
    os.write(1, b"after")
    assert capfd.readouterr().out == "after"


@pytest.mark.parametrize(("elapsed", "seen"), [([-1, -1], False), ([-1, 30], True), ([90_000], False), ([], None)])
def test_linux_says_whether_wide_registers_were_in_use_lately(tmp_path, elapsed, seen) -> None:
    for i, milliseconds in enumerate(elapsed):
        (tmp_path / str(i)).mkdir()
        (tmp_path / str(i) / "arch_status").write_text(f"AVX512_elapsed_ms:\t{milliseconds}\n")
    assert used_avx512(1.0, tmp_path) is seen


def test_a_peer_that_only_the_processor_limits_is_marked_where_it_cannot(monkeypatch, capsys) -> None:
    monkeypatch.setitem(peers_module.MODULES, "jax", "json")  # installed
    plan = Plan(["unstuck", "jax"], (TINY,), limit=Limit("v3", variables("v3"), hidden=False))
    assert plan.peers == ["unstuck"]
    assert plan.skipped["jax"].startswith("it cannot be limited to v3")
    assert "skipped jax" in capsys.readouterr().err
    assert Plan(["jax"], (TINY,), limit=Limit("v3", {}, hidden=True)).peers == ["jax"]


@needs_avx2
@pytest.mark.skipif(not openblas_of("numpy"), reason="NumPy has another library than OpenBLAS")
def test_a_peer_whose_kernels_exceed_the_limit_is_marked() -> None:
    plain = {name: value for name, value in os.environ.items() if name not in choices(os.environ)}
    plan = Plan(["unstuck"], (TINY,), limit=Limit("v2", plain, hidden=False))
    with plan.workers() as workers:
        assert workers == {}
    assert "limited to v2, but numpy's OpenBLAS uses" in plan.skipped["unstuck"]
    assert plan.peers == []


@pytest.mark.skipif("v4" not in levels_of(processor_flags()), reason="the processor has no AVX-512")
@pytest.mark.skipif(used_avx512(0) is None, reason="this system does not say which registers were used")
def test_a_peer_that_uses_wider_registers_than_it_may_is_found_out() -> None:
    def multiply(limit: Limit) -> None:
        with Worker("unstuck", limit) as worker:
            for _ in range(20):  # Linux notes it when the thread is set aside, which may be later
                worker.ask("matrix_product", 512, 512, 512)

    with pytest.raises(RuntimeError, match="it uses AVX-512 where it is limited to v3"):
        multiply(Limit("v3", {name: os.environ[name] for name in set(os.environ) - set(choices(os.environ))}))
    with limited("v3", os.environ) as limit:
        multiply(limit)


@needs_avx2
def test_a_limited_run_records_its_limit_and_what_was_measured_under_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(harness, "SIZES", (TINY, *SIZES[1:]))
    monkeypatch.setenv("UNSTUCK_CACHE", str(tmp_path / "cache"))
    command = f"--isa v2,v3 --only throughput --sizes 1 --peers unstuck --rounds 1 --seconds 0.01 --out {tmp_path}"
    result = CliRunner().invoke(harness.main, command.split())
    assert result.exit_code == 0, result.output
    tables = json.loads((tmp_path / "benchmarks.json").read_text())["tables"]
    assert [table["isa"] for table in tables] == ["v2", "v3"]
    for table in tables:
        assert table["skipped"] == {}
        assert table["rows"][0]["medians"]["unstuck"] > 0
        assert beyond(table["kernels"]["unstuck"], table["isa"]) == []
    assert (tmp_path / "throughput-v2.png").exists()
    assert "everybody limited to AVX2 (x86-64-v3)" in result.output


def test_a_level_that_the_processor_lacks_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(harness, "processor_flags", lambda: V2 | V3)
    result = CliRunner().invoke(harness.main, ["--isa", "v3,v4"])
    assert result.exit_code == 2
    assert "--isa v4: this processor has no AVX-512" in result.output
