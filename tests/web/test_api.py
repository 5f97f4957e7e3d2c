"""What the pages ask for, over HTTP."""

import json
import sys
import time

import pytest
from safetensors.numpy import load as load_arrays
from starlette.testclient import TestClient

from tests.web.conftest import BASE, finished
from tests.web.strokes import NARROW, ROUND, png
from unstuck.web import limits
from unstuck.web.application import create_application
from unstuck.web.reading import answer, read_drawing

PNG = {"content-type": "image/png"}
SHORT = {"hidden": [8], "epochs": 1}


@pytest.fixture(scope="module")
def trained():
    """A server that trains its own network, once it has."""
    with TestClient(create_application(), base_url=BASE) as client:
        early = client.post("/api/readings", content=png(ROUND[3]), headers=PNG)
        assert early.status_code == 503
        assert "still being trained" in early.json()["error"]
        assert int(early.headers["retry-after"]) > 0
        trained = [0.0]
        while not (status := client.get("/api/network").json())["ready"]:
            trained.append(status["trained"])
            time.sleep(0.05)
        assert trained == sorted(trained)
        assert 0 < trained[-1] <= 1
        yield client


def test_digits_in_two_hands_are_read(trained):
    for hand in (ROUND, NARROW):
        read = [trained.post("/api/readings", content=png(hand[d]), headers=PNG).json()["label"] for d in range(10)]
        assert sum(label == digit for digit, label in enumerate(read)) >= 9


def test_a_network_that_could_not_be_trained_is_not_waited_for(monkeypatch, caplog):
    monkeypatch.setattr("unstuck.web.jobs.WORKER", (sys.executable, "-c", "raise SystemExit('no room')"))
    with TestClient(create_application(), base_url=BASE) as client:
        while (error := client.get("/api/network").json()["error"]) is None:
            time.sleep(0.02)
        reading = client.post("/api/readings", content=png(ROUND[3]), headers=PNG)
    assert reading.status_code == 503
    assert reading.json() == {"error": f"the network of this page could not be trained: {error}"}
    assert "no room" in caplog.text


def test_a_given_network_reads(client, untrained):
    assert client.get("/api/network").json() == {"ready": True, "trained": 1.0, "error": None}
    response = client.post("/api/readings", content=png(ROUND[8]), headers=PNG)
    assert response.status_code == 200
    assert response.json() == json.loads(json.dumps(answer(untrained, read_drawing(png(ROUND[8])))))


def test_a_training_is_watched_downloaded_and_drawn_with(client, tmp_path):
    started = client.post("/api/trainings", json=SHORT)
    assert started.status_code == 202
    id = started.json()["id"]
    assert client.get(f"/api/jobs/{id}/model").status_code == 404
    assert client.post(f"/api/readings?job={id}", content=png(ROUND[8]), headers=PNG).status_code == 404
    status = finished(client, id)
    assert status["state"] == "done"
    assert status["known"] == len(status["points"])
    assert client.get(f"/api/jobs/{id}?after=1").json()["points"] == status["points"][1:]

    model = client.get(f"/api/jobs/{id}/model")
    assert model.headers["content-disposition"] == 'attachment; filename="model.safetensors"'
    assert load_arrays(model.content)["weights_1"].shape == (784, 8)
    reading = client.post(f"/api/readings?job={id}", content=png(ROUND[8]), headers=PNG).json()
    assert len(reading["first_layer"]["activations"]) == 8


def test_a_job_is_stopped(client):
    id = client.post("/api/trainings", json={"recipe": "nielsen"}).json()["id"]
    while not client.get(f"/api/jobs/{id}").json()["points"]:
        time.sleep(0.05)
    assert client.post(f"/api/jobs/{id}/stop").status_code == 200
    status = finished(client, id, 20)
    assert status["state"] == "stopped"
    assert status["result"]["accuracy"] > 0.1


def test_a_visitor_sees_no_other_visitors_job(client):
    id = client.post("/api/runs", json={"program": "guesses"}).json()["id"]
    other = ("A" if id[0] != "A" else "B") + id[1:]
    for request in (client.get(f"/api/jobs/{other}"), client.post(f"/api/jobs/{other}/stop")):
        assert request.status_code == 404
        assert request.json() == {"error": "there is no such job, or it is long over"}
    assert client.get("/api/jobs").status_code == 404
    assert client.get(f"/api/jobs/{id}").json()["state"] in ("waiting", "running")


def test_who_comes_to_a_full_queue_is_asked_to_come_again(client):
    jobs = [client.post("/api/trainings", json={"recipe": "nielsen"}) for _ in range(limits.WAITING_JOBS + 3)]
    refused = [job for job in jobs if job.status_code == 429]
    assert refused
    assert "please try again in a moment" in refused[0].json()["error"]
    assert int(refused[0].headers["retry-after"]) > 0
    for job in jobs:
        if job.status_code == 202:
            client.post(f"/api/jobs/{job.json()['id']}/stop")


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/api/trainings", {"recipe": "xor"}, "body.recipe: Input should be 'default',"),
        ("/api/trainings", {"hidden": [5000]}, "body.hidden.0: Input should be less than or equal to 1024"),
        ("/api/trainings", {"hidden": [8] * 9}, "body.hidden: List should have at most 3 items"),
        ("/api/trainings", {"hidden": [8.5]}, "body.hidden.0: Input should be a valid integer"),
        ("/api/trainings", {"hidden": "8"}, "body.hidden: Input should be a valid list"),
        ("/api/trainings", {"epochs": 10**9}, "body.epochs: Input should be less than or equal to 60"),
        ("/api/trainings", {"epochs": True}, "body.epochs: Input should be a valid integer"),
        ("/api/trainings", {"learning_rate": 0}, "body.learning_rate: Input should be greater than 0"),
        ("/api/trainings", {"checkpoint": "/etc/passwd"}, "body.checkpoint: Extra inputs are not permitted"),
        ("/api/trainings", [], "body: Input should be a valid dictionary"),
        ("/api/runs", {"program": "../guesses"}, "body.program: Input should be 'guesses',"),
        ("/api/diagnoses", {}, "body.program: Field required"),
        ("/api/diagnoses", {"program": "guesses", "cured": "yes"}, "body.cured: Input should be a valid boolean"),
        ("/api/trainings", {"\ud800": 1}, "body: Input should be a valid string"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(client, path, body, sentence):
    response = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert response.json()["error"].startswith(sentence)


def test_training_may_not_be_asked_for_what_is_not_finite(client):
    for number in ("NaN", "Infinity", "1e999"):
        content = f'{{"learning_rate": {number}}}'
        response = client.post("/api/trainings", content=content, headers={"content-type": "application/json"})
        assert response.status_code == 422


def test_an_impossible_setting_fails_the_job_with_the_engines_own_sentence(client):
    id = client.post("/api/trainings", json={**SHORT, "learning_rate": 1000.0, "activation": "linear"}).json()["id"]
    status = finished(client, id)
    assert status["state"] == "failed"
    assert "the learning rate" in status["error"]
