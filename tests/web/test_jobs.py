"""The queue: what runs, waits, is stopped, runs out of time, goes wrong, is forgotten."""

import asyncio
import inspect
import json
import os
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager

import pytest

from unstuck.nn.files.model_file import load
from unstuck.web import jobs as module
from unstuck.web import limits
from unstuck.web.jobs import Jobs, QueueFull, remove_abandoned_folders

SLOW = {"recipe": "nielsen", "seed": 0, "hidden": [400]}  # a minute of training
SHORT = {"recipe": "default", "seed": 0, "hidden": [8], "epochs": 1}
RUN = {"program": "below_chance", "cured": False}


async def until(condition, seconds=60.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def in_a_loop(test):
    """Runs a test that is a coroutine."""

    def run(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    run.__signature__ = inspect.signature(test)  # what pytest finds its fixtures by
    return run


@in_a_loop
async def test_a_job_says_how_it_goes_and_what_came_of_it():
    async with Jobs() as jobs:
        job = jobs.submit("train", SHORT, 60)
        assert job.state == "waiting"
        await until(lambda: job.over)
        assert (job.state, job.error) == ("done", None)
        updates = [point["update"] for point in job.points]
        assert updates == sorted(updates)
        assert job.points[-1].keys() >= {"loss", "accuracy", "train_loss", "train_accuracy", "epoch", "seconds"}
        assert sum(map(sum, job.snapshot["confusion"])) == 10_000
        network = load(job.folder / "model.safetensors")
        assert network.sizes == (784, 8, 10)
        assert job.result["errors"] == round(10_000 * (1 - job.result["accuracy"]))


@in_a_loop
async def test_jobs_wait_for_each_other_and_the_queue_has_an_end():
    async with Jobs() as jobs:
        running = [jobs.submit("train", SLOW, 60) for _ in range(limits.RUNNING_JOBS)]
        await until(lambda: all(job.state == "running" for job in running))
        waiting = [jobs.submit("run", RUN, 60) for _ in range(limits.WAITING_JOBS)]
        assert [jobs.jobs_before(job) for job in waiting] == list(range(1, limits.WAITING_JOBS + 1))
        with pytest.raises(QueueFull):
            jobs.submit("run", RUN, 60)
        for job in waiting[1:]:
            jobs.stop(job)
            assert job.state == "stopped"
        jobs.stop(running[0])
        await until(lambda: waiting[0].over)
        assert waiting[0].state == "done"


@in_a_loop
async def test_a_training_that_is_stopped_keeps_what_it_has_learnt():
    async with Jobs() as jobs:
        job = jobs.submit("train", SLOW, 60)
        await until(lambda: len(job.points) >= 2)
        jobs.stop(job)
        await until(lambda: job.over)
        assert (job.state, job.out_of_time) == ("stopped", False)
        assert 0.1 < job.result["accuracy"] < 1
        assert load(job.folder / "model.safetensors").sizes == (784, 400, 10)


@in_a_loop
async def test_a_training_that_takes_too_long_ends_as_if_stopped():
    async with Jobs() as jobs:
        job = jobs.submit("train", SLOW, 3)
        await until(lambda: job.over)
        assert (job.state, job.out_of_time) == ("stopped", True)
        assert job.result is not None


@in_a_loop
async def test_work_that_takes_too_long_ends_at_once_otherwise():
    async with Jobs() as jobs:
        job = jobs.submit("diagnose", {"program": "guesses", "cured": False}, 0.1)
        await until(lambda: job.over)
        assert (job.state, job.out_of_time, job.result) == ("stopped", True, None)
        assert job.error == "it was not done within 0.1 seconds"


@pytest.mark.parametrize("task", ["run", "diagnose"])
def test_the_programs_of_the_gallery_are_jobs(task):
    async def test():
        async with Jobs() as jobs:
            job = jobs.submit(task, RUN, 60)
            await until(lambda: job.over)
            assert job.state == "done"
            return job

    job = asyncio.run(test())
    if task == "run":
        assert job.result == job.points[-1]
        assert job.result["accuracy"] < 0.2
    else:
        assert (job.result["verdict"], job.result["codes"]) == ("faulty", ["F04"])
        assert any("F04 sigmoid-without-minus" in point["line"] for point in job.points)
        assert "below_chance.py, line 12" in job.result["html"]


@in_a_loop
async def test_a_job_that_cannot_be_done_says_why():
    async with Jobs() as jobs:
        job = jobs.submit("train", {**SHORT, "learning_rate": 1e30}, 60)
        await until(lambda: job.over)
        assert job.state == "failed"
        assert "not finite" in job.error


@in_a_loop
async def test_a_process_that_dies_fails_its_job_and_no_other(caplog):
    async with Jobs() as jobs:
        job = jobs.submit("train", {"no": "such setting"}, 60)
        other = jobs.submit("run", RUN, 60)
        await until(lambda: other.over)
        assert (job.state, job.error) == ("failed", "this went wrong on the server; its log says how")
        assert "TypeError" in caplog.text
        assert other.state == "done"


@in_a_loop
async def test_a_job_that_nobody_asks_about_is_dropped(monkeypatch):
    monkeypatch.setattr(limits, "UNWATCHED_SECONDS", 0.5)
    async with Jobs() as jobs:
        own = jobs.submit("train", SLOW, 60, watched=False)
        job = jobs.submit("train", SLOW, 60)
        await until(lambda: job.over)
        assert job.state == "stopped"
        assert not own.over


@in_a_loop
async def test_only_the_newest_jobs_are_kept(monkeypatch):
    monkeypatch.setattr(limits, "KEPT_JOBS", 2)
    async with Jobs() as jobs:
        old = [jobs.submit("run", RUN, 60) for _ in range(4)]
        for job in old:
            jobs.stop(job)
        jobs.submit("run", RUN, 60)
        assert [jobs.find(job.id) is None for job in old] == [True, True, False, False]
        assert not old[0].folder.exists()


@in_a_loop
async def test_the_end_of_the_server_ends_processes_and_removes_files():
    async with Jobs() as jobs:
        job = jobs.submit("train", SLOW, 60)
        await until(lambda: job.points)
        folder = jobs.folder
        assert folder.exists()
    assert not folder.exists()


@asynccontextmanager
async def worker():
    """A worker process as the server starts it."""
    process = await asyncio.create_subprocess_exec(*module.WORKER, stdin=PIPE, stdout=PIPE)
    yield process
    await process.wait()


@in_a_loop
async def test_a_worker_ends_when_the_server_has_gone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with worker() as process:
        process.stdin.write(json.dumps({"task": "train", "settings": SLOW}).encode() + b"\n")
        await process.stdout.readline()
        process.stdin.close()
        async with asyncio.timeout(10):
            await process.wait()
    assert process.returncode == 0


def test_numbers_that_json_has_no_word_for_become_null():
    from unstuck.web.worker import finite

    assert finite({"a": [1.0, float("nan")], "b": (float("inf"), "x", 2)}) == {"a": [1.0, None], "b": [None, "x", 2]}


def test_an_id_cannot_be_guessed(tmp_path):
    ids = {module.Job("run", RUN, 1, tmp_path).id for _ in range(100)}
    assert len(ids) == 100
    assert {len(id) for id in ids} == {22}  # 128 bits


@in_a_loop
async def test_one_client_leaves_room_in_the_queue_for_others():
    async with Jobs() as jobs:
        running = [jobs.submit("train", SLOW, 60) for _ in range(limits.RUNNING_JOBS)]
        await until(lambda: all(job.state == "running" for job in running))
        for _ in range(limits.WAITING_OF_ONE):
            jobs.submit("run", RUN, 60, client="one")
        with pytest.raises(QueueFull) as full:
            jobs.submit("run", RUN, 60, client="one")
        assert full.value.of_client
        jobs.submit("run", RUN, 60, client="another")


@in_a_loop
async def test_a_temporary_folder_that_was_removed_is_made_anew():
    async with Jobs() as jobs:
        shutil.rmtree(jobs.folder)
        job = jobs.submit("train", SHORT, 60)
        await until(lambda: job.over)
        assert job.state == "done"


def test_folders_of_servers_that_were_killed_are_removed_and_those_of_living_ones_kept(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    folders = {name: tmp_path / f"unstuck-{pid}-abc" for name, pid in (("gone", ended.pid), ("lives", os.getpid()))}
    for folder in folders.values():
        folder.mkdir()
    remove_abandoned_folders(tmp_path)
    assert {name for name, folder in folders.items() if folder.exists()} == {"lives"}
