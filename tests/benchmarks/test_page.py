"""docs/benchmarks.md says what was measured last."""

import pytest

from benchmarks import page
from benchmarks.row import Row

PEERS = {"unstuck": "unstuck 1", "jax": "JAX 1"}


def table_of(isa: str, rows: list[Row], **facts) -> dict:
    recorded = [row.to_dict() for row in rows]
    defaults = {"hidden": True, "seconds": {}, "kernels": {}, "skipped": {}, "labels": PEERS}
    return {"isa": isa, **defaults, "rows": recorded, **facts}


def results_of(*tables: dict) -> dict:
    return {
        "machine": "a machine with AVX-512",
        "date": "2026-01-01",
        "seconds": 600,
        "rounds": 5,
        "load_at_start": 0.3,
        "tables": tables,
    }


def throughput(ours: float, theirs: float) -> Row:
    return Row("throughput", "784-30-10, plain", "images/s", True, {"unstuck": [ours], "jax": [theirs]})


def test_the_page_shows_a_table_for_each_instruction_set() -> None:
    kernels = {"unstuck": {"numpy's OpenBLAS": "Haswell"}, "jax": {}}
    text = page.build_page(
        results_of(
            table_of("v3", [throughput(300, 100)], kernels=kernels, seconds={"throughput": 90}),
            table_of("v4", [throughput(500, 400)]),
        ),
        {},
    )
    avx2, avx512 = text.index("## Everybody limited to AVX2 (x86-64-v3)"), text.index("## Everybody limited to AVX-512")
    first = text.index("| 784-30-10, plain | images/s | 300 | 100 | 3.00 (jax) |")
    assert avx2 < first < avx512 < text.index("| 784-30-10, plain | images/s | 500 | 400 | 1.25 (jax) |")
    assert "Machine: a machine with AVX-512. Load average when the run began: 0.3.\nIt took: throughput 90 s." in text
    assert "unstuck 1: numpy's OpenBLAS Haswell; JAX 1: it does not say." in text
    assert "](throughput-v3.png)" in text
    assert "](throughput-v4.png)" in text
    assert "2026-01-01" in text


def test_who_cannot_be_limited_is_marked_and_has_no_column() -> None:
    alone = Row("throughput", "784-30-10, plain", "images/s", True, {"unstuck": [300.0]})
    skipped = {"scikit_learn": "limited to v3, but numpy's OpenBLAS uses SkylakeX"}
    text = page.build_page(results_of(table_of("v3", [alone], skipped=skipped, hidden=False)), {})
    assert "Variables alone limited the libraries" in text
    assert "Not compared: scikit learn (limited to v3, but numpy's OpenBLAS uses SkylakeX)." in text
    assert "| measured | unit | unstuck 1 |\n" in text


def test_parts_that_no_instruction_set_changes_stand_once() -> None:
    memory = Row("memory", "peak", "MB", False, {"unstuck": [100.0]}, "a remark")
    text = page.build_page(results_of(table_of("best", [throughput(3, 1)]), table_of("best", [memory])), {})
    assert "## All that the processor has" in text
    assert text.index("## Measured once") < text.index("| peak | MB | 100 |")
    assert "a remark." in text
    assert "A table for an instruction set" not in text


def test_the_page_in_docs_is_current() -> None:
    if not page.PAGE.exists():
        pytest.skip("no results are recorded yet")
    assert page.PAGE.read_text(encoding="utf-8") == page.current_page()
