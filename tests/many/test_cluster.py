"""The same programs by the workers of a Dask cluster on loopback."""

import json

import pytest

from tests.many.test_examine import timeless
from unstuck.many.examine import Settings
from unstuck.many.limits import Limits
from unstuck.many.run import diagnose_all, workers_here, workers_of
from unstuck.many.submissions import find_submissions

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
SETTINGS = Settings(("--no-cures", "--budget", "300"), Limits(900.0), trust=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of dask's own, and of its connections when it ends
def test_a_cluster_gives_the_results_of_this_machine(lesson, tmp_path):
    submissions = find_submissions([lesson])
    with workers_here(2) as workers:
        here = diagnose_all(submissions, SETTINGS, tmp_path / "here", workers, False, lambda outcome: None)
    options = {"host": "127.0.0.1", "dashboard_address": None, "n_workers": 2, "threads_per_worker": 1}
    with distributed.LocalCluster(**options) as cluster, workers_of(cluster.scheduler_address) as workers:
        there = diagnose_all(submissions, SETTINGS, tmp_path / "there", workers, False, lambda outcome: None)
    assert [timeless(one.to_dict()) for one in here] == [timeless(one.to_dict()) for one in there]
    for one in here:
        reports = [
            json.loads((tmp_path / place / "reports" / f"{one.report}.json").read_text()) for place in ("here", "there")
        ]
        assert timeless(reports[0]) == timeless(reports[1])
