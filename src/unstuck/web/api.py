"""What the pages ask for: readings of drawings, and jobs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from unstuck.nn.files.model_file import load
from unstuck.nn.network import Network
from unstuck.web import limits
from unstuck.web.jobs import Job, Jobs, QueueFull, Task
from unstuck.web.live_training import MODEL_FILE
from unstuck.web.messages import Failure, JobId, JobStatus, NetworkStatus, ProgramRequest, TrainingRequest
from unstuck.web.reading import answer, read_drawing

COME_AGAIN = {"retry-after": "3"}
ONE_AT_A_TIME = anyio.CapacityLimiter(1)  # a reading takes milliseconds; more threads would only share them

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure} for status in (400, 403, 404, 408, 413, 415, 421, 422, 429, 503)
}
router = APIRouter(prefix="/api", responses=REFUSALS)

IMAGE = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "/readings", openapi_extra={"requestBody": {"required": True, "content": {"image/png": IMAGE, "image/jpeg": IMAGE}}}
)
async def read(request: Request, job: Annotated[JobId | None, Query()] = None) -> dict[str, Any]:
    """Read a drawing, with the network of a training job if one is named."""
    if request.headers.get("content-type") not in ("image/png", "image/jpeg"):
        raise HTTPException(415, "expected a drawing as image/png or image/jpeg")
    network = await network_of(request, job)
    body = await request.body()
    return await anyio.to_thread.run_sync(lambda: answer(network, read_drawing(body)), limiter=ONE_AT_A_TIME)


@router.get("/network")
async def network(request: Request) -> NetworkStatus:
    """Whether the server's own network can read yet: how much of its training is done, in 0..1."""
    first: Job | None = request.app.state.first_training
    if first is None or (first.over and first.result is not None):
        return NetworkStatus(ready=True, trained=1.0, error=None)
    return NetworkStatus(ready=False, trained=progress(first), error=first.error)


async def network_of(request: Request, id: str | None) -> Network:
    """The network of a training job, or the one that the server reads with."""
    state = request.app.state
    if id is not None:
        job = find(request, id)
        return load_network(model_path(job))
    if state.network is None:
        first: Job = state.first_training
        if first.over and first.result is None:
            raise HTTPException(503, f"the network of this page could not be trained: {first.error}")
        if not first.over:
            raise HTTPException(503, f"the network is still being trained: {progress(first):.0%} done", COME_AGAIN)
        state.network = load_network(model_path(first))
    return state.network


@lru_cache(maxsize=8)
def load_network(path: Path) -> Network:
    """The network that a job left."""
    return load(path)


def model_path(job: Job) -> Path:
    """Where a training job left its network; 404 if it did not."""
    if job.task != "train" or not job.over or job.result is None:
        raise HTTPException(404, "this job has no network yet, or none at all")
    return job.folder / MODEL_FILE


def progress(job: Job) -> float:
    """How much of a training is done, in 0..1."""
    return job.points[-1]["update"] / job.points[-1]["updates"] if job.points else 0.0


@router.post("/trainings", status_code=202)
async def start_training(request: Request, wanted: TrainingRequest) -> JobStatus:
    """Train a recipe with changes."""
    return submit(request, "train", wanted.model_dump(exclude_none=True), limits.TRAINING_SECONDS)


@router.post("/runs", status_code=202)
async def start_run(request: Request, wanted: ProgramRequest) -> JobStatus:
    """Run a stuck program, or the same program cured."""
    return submit(request, "run", wanted.model_dump(), limits.RUN_SECONDS)


@router.post("/diagnoses", status_code=202)
async def start_diagnosis(request: Request, wanted: ProgramRequest) -> JobStatus:
    """Diagnose a stuck program, or the same program cured."""
    return submit(request, "diagnose", wanted.model_dump(), limits.DIAGNOSIS_SECONDS)


def submit(request: Request, task: Task, settings: dict[str, Any], seconds: float) -> JobStatus:
    """Put a job into the queue, or say that it is full."""
    jobs: Jobs = request.app.state.jobs
    client = request.client.host if request.client is not None else None
    try:
        return status(request, jobs.submit(task, settings, seconds, client=client))
    except QueueFull as full:
        others = f"{limits.WAITING_JOBS} jobs of others are waiting already"
        if full.of_client:
            others = f"{limits.WAITING_OF_ONE} jobs of yours are waiting already"
        raise HTTPException(429, f"{others}: please try again in a moment", COME_AGAIN) from None


Id = Annotated[JobId, InPath()]


@router.get("/jobs/{id}")
async def watch(request: Request, id: Id, after: Annotated[int, Query(ge=0, le=2**31)] = 0) -> JobStatus:
    """How a job is doing, with what it said after the points that are known already."""
    return status(request, find(request, id), after)


@router.post("/jobs/{id}/stop")
async def stop(request: Request, id: Id) -> JobStatus:
    """End a job; a training keeps what it has learnt."""
    job = find(request, id)
    request.app.state.jobs.stop(job)
    return status(request, job)


@router.get("/jobs/{id}/model", response_class=Response)
async def download(request: Request, id: Id) -> Response:
    """The network of a training job, as safetensors."""
    try:
        content = model_path(find(request, id)).read_bytes()
    except FileNotFoundError:
        raise HTTPException(404, "the network of this job is gone") from None
    headers = {"content-disposition": f'attachment; filename="{MODEL_FILE}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


def find(request: Request, id: str) -> Job:
    """The job of that id; 404 if there is none."""
    job: Job | None = request.app.state.jobs.find(id)
    if job is None:
        raise HTTPException(404, "there is no such job, or it is long over")
    return job


def status(request: Request, job: Job, after: int = 0) -> JobStatus:
    """What is told of a job."""
    return JobStatus(
        id=job.id,
        task=job.task,
        state=job.state,
        jobs_before=request.app.state.jobs.jobs_before(job),
        points=job.points[after:],
        known=len(job.points),
        snapshot=job.snapshot,
        result=job.result if job.over else None,
        error=job.error,
        out_of_time=job.out_of_time,
    )
