"""Settings for all tests: one BLAS thread, errors of our own raised, minutes-long tests only on demand."""

import os

import pytest

os.environ.setdefault("UNSTUCK_COMPILED", "1")  # no test depends on which form this machine was found to be faster in
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # read once, when NumPy is first imported: by a test module, after this
os.environ["UNSTUCK_STRICT"] = "1"  # a rule that crashes is no rule that is silent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
