"""The benchmarks run and report; how long anything takes is asserted nowhere."""

import json
from io import StringIO

import pytest
from click.testing import CliRunner
from rich.console import Console

from benchmarks import __main__ as harness
from benchmarks import peers as peers_module
from benchmarks.parts import growth, inference, memory, throughput
from benchmarks.picture import draw
from benchmarks.plan import Plan
from benchmarks.row import Row
from benchmarks.sizes import SIZES, Size
from benchmarks.table import build_table
from benchmarks.worker import Worker

TINY = Size((8,), 10, 0.01)


def tiny_plan(*peers: str, **settings) -> Plan:
    return Plan(list(peers), (TINY,), rounds=2, seconds=0.01, **settings)


def test_operations_of_a_training_example() -> None:
    assert Size((30,), 10, 0.1).operations == 2 * (2 * 784 * 30 + 3 * 30 * 10)


def test_ratios_are_paired_by_round() -> None:
    row = Row("p", "w", "images/s", True, {"unstuck": [10, 30, 50], "jax": [5, 10, 100], "keras": [1, 1, 1]})
    assert row.best_peer == "jax"
    assert row.ratio_to("jax") == 2
    seconds = Row("p", "w", "s", False, {"unstuck": [1, 2], "jax": [3, 8]})
    assert seconds.ratio_to("jax") == 3.5
    assert Row("p", "w", "s", False, {"unstuck": [1.0]}).to_dict().get("ratio") is None


def test_every_round_begins_with_another_peer() -> None:
    plan = Plan(["unstuck"], (TINY,), rounds=3)
    assert list(plan.turns(["a", "b", "c"])) == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_a_peer_that_fails_has_no_more_turns_and_no_values(capsys) -> None:
    plan = Plan(["unstuck"], (TINY,), rounds=3)
    plan.peers.append("b")
    row = Row("p", "w", "s", False)
    taken = []
    for peer in plan.turns(["unstuck", "b"]):
        taken.append(peer)
        with plan.reporting(peer, row):
            row.values.setdefault(peer, []).append(1.0)
            if len(taken) == 3:
                raise RuntimeError("it uses AVX-512 where it is limited to v3")
    assert taken == ["unstuck", "b", "b", "unstuck", "unstuck"]
    assert row.values == {"unstuck": [1.0] * 3}
    assert plan.skipped == {"b": "it uses AVX-512 where it is limited to v3"}


def test_peers_that_are_not_installed_are_skipped_and_said_so(monkeypatch, capsys) -> None:
    monkeypatch.setitem(peers_module.MODULES, "jax", "no_such_package")
    plan = tiny_plan("unstuck", "jax")
    assert plan.peers == ["unstuck"]
    assert plan.skipped == {"jax": "not installed"}
    assert "skipped jax: not installed" in capsys.readouterr().err


def test_a_peer_that_fails_is_skipped_with_its_error() -> None:
    plan = tiny_plan("unstuck")
    with plan.workers() as workers, plan.reporting("unstuck"):
        workers["unstuck"].ask("build", [8], -1, 0.01, 0.0, 20)
    assert "batch_size" in plan.skipped["unstuck"]


def test_a_process_that_ends_is_an_error() -> None:
    with Worker("unstuck") as worker:
        worker.process.kill()
        worker.process.wait()
        with pytest.raises((RuntimeError, BrokenPipeError)):
            worker.ask("label")


def test_throughput_table_and_picture() -> None:
    plan = tiny_plan("unstuck")
    rows = list(throughput.measure(plan))
    assert [row.what for row in rows] == [f"{TINY.label}, {kind}" for kind in ("plain", "momentum")]
    assert all(len(row.values["unstuck"]) == 2 and min(row.values["unstuck"]) > 0 for row in rows)
    console = Console(width=150, record=True, file=StringIO())
    console.print(build_table(rows, plan.labels, "a machine"))
    assert "784-8-10" in console.export_text()
    assert len(draw(rows, plan.labels, "a machine").axes) == 2


class FakeWorker:
    """Trains 1,000 images a second; remembers with how many images it was built."""

    def __init__(self) -> None:
        self.built: list[int] = []

    def ask(self, request: str, *arguments) -> float:
        if request == "build":
            self.built.append(arguments[-1])
        return 1000.0


def test_a_measurement_takes_as_many_images_as_its_seconds_allow() -> None:
    worker = FakeWorker()
    assert throughput.prepare(worker, TINY, 0.0, seconds=0.5, n=20) == 500
    assert worker.built == [20, 500]
    assert throughput.prepare(worker, TINY, 0.9, seconds=0.5, n=500) == 500
    assert worker.built == [20, 500, 500]


def test_other_parts(monkeypatch) -> None:
    monkeypatch.setattr(memory, "SIZE", TINY)
    monkeypatch.setattr(inference, "LAYERS", (784, 8, 10))
    monkeypatch.setattr(growth, "SWEEPS", {"examples": [(n, TINY, n) for n in (200, 400)]})
    plan = tiny_plan("unstuck")
    rows = [row for part in (memory, inference, growth) for row in part.measure(plan)]
    assert [row.part for row in rows] == ["memory", "inference", "inference", "growth"]
    assert all(row.values["unstuck"] for row in rows)


def test_the_command_writes_json_and_prints_a_table(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(harness, "SIZES", (TINY, *SIZES[1:]))
    command = f"--only throughput --sizes 1 --peers unstuck --rounds 1 --seconds 0.01 --out {tmp_path}"
    result = CliRunner().invoke(harness.main, command.split())
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "benchmarks.json").read_text())
    assert {"machine", "date", "rounds", "seconds", "load_at_start"} <= set(written)
    (table,) = written["tables"]
    assert {"labels", "skipped", "kernels", "seconds"} <= set(table)
    assert table["isa"] == "best"
    assert table["rows"][0]["medians"]["unstuck"] > 0
    assert (tmp_path / "throughput-best.png").stat().st_size > 1000
    assert "784-8-10" in result.output


def test_unknown_parts_are_refused() -> None:
    result = CliRunner().invoke(harness.main, ["--only", "speed"])
    assert result.exit_code == 2
    assert "expected some of machine" in result.output
