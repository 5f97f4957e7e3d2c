"""What the machine can do: the rate of a large matrix product."""

from collections.abc import Iterator

from benchmarks.plan import Plan
from benchmarks.row import Row

SIDE = 2048


def measure(plan: Plan) -> Iterator[Row]:
    row = Row("machine", f"product of {SIDE} x {SIDE} float32 matrices", "GFLOP/s", more_is_better=True)
    row.remark = "unstuck: NumPy's OpenBLAS; PyTorch: its MKL; JAX: its YNNPACK"
    with plan.workers(only=("unstuck", "pytorch", "jax")) as workers:
        for peer in plan.turns(list(workers)):
            with plan.reporting(peer, row):
                row.values.setdefault(peer, []).append(workers[peer].ask("matrix_product", SIDE, SIDE, SIDE))
    if row.values:
        yield row
