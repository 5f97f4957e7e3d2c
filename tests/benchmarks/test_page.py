"""docs/benchmarks.md says what was measured last."""

import pytest

from benchmarks import page
from benchmarks.row import Row

RESULTS = {
    "machine": "a machine",
    "date": "2026-01-01",
    "seconds": 600,
    "rounds": 5,
    "load_at_start": 0.1,
    "labels": {"unstuck": "unstuck 1", "jax": "JAX 1"},
    "skipped": {"scikit_learn": "not installed"},
    "rows": [
        Row("throughput", "784-30-10, plain", "images/s", True, {"unstuck": [300.0], "jax": [100.0]}).to_dict(),
        Row("memory", "peak", "MB", False, {"unstuck": [100.0]}, "a remark").to_dict(),
    ],
}


def test_the_page_shows_every_part_and_what_was_skipped() -> None:
    text = page.build_page(RESULTS, {})
    assert "| 784-30-10, plain | images/s | 300 | 100 | 3.00 (jax) |" in text
    assert "Skipped: scikit learn (not installed)." in text
    assert "| peak | MB | 100 |" in text
    assert "a remark." in text


def test_the_page_in_docs_is_current() -> None:
    if not page.PAGE.exists():
        pytest.skip("no results are recorded yet")
    assert page.PAGE.read_text(encoding="utf-8") == page.current_page()
