"""From a drawing to an answer."""

import base64

import numpy as np
import pytest

from tests.web.strokes import NARROW, ROUND, png
from unstuck.data import read_image
from unstuck.errors import DataError, ModelFileError
from unstuck.nn.network import Network
from unstuck.web.reading import answer, expect_reader, read_drawing


def test_a_drawing_is_prepared_as_an_image_file_is(tmp_path):
    for digit, strokes in ROUND.items():
        path = tmp_path / f"{digit}.png"
        path.write_bytes(png(strokes))
        np.testing.assert_array_equal(read_drawing(path.read_bytes()), read_image(path))


def test_where_and_how_large_a_digit_is_drawn_does_not_matter():
    large = read_drawing(png(ROUND[3]))
    small = [[(40 + x / 2, 20 + y / 2) for x, y in stroke] for stroke in ROUND[3]]
    assert np.corrcoef(large, read_drawing(png(small, pen=11)))[0, 1] > 0.98


def test_an_answer_says_what_the_network_says(untrained):
    x = read_drawing(png(NARROW[5]))
    found = answer(untrained, x)
    assert found["label"] == untrained.predict(x[None])[0]
    np.testing.assert_allclose(found["scores"], untrained.scores(x[None])[0], atol=1e-4)
    assert found["range"] == [0.0, 1.0]
    image = np.frombuffer(base64.b64decode(found["image"]), np.uint8)
    np.testing.assert_allclose(image / 255, x, atol=0.5 / 255)


def test_the_first_layer_is_shown_most_active_unit_first(untrained):
    x = read_drawing(png(NARROW[5]))
    layer = answer(untrained, x)["first_layer"]
    activations = untrained.forward(x[None])[0].a[0]
    np.testing.assert_allclose(layer["activations"], activations, atol=1e-3)
    shown = [unit["activation"] for unit in layer["units"]]
    assert shown == sorted(shown, reverse=True)
    best = layer["units"][0]
    weights = np.frombuffer(base64.b64decode(best["weights"]), np.int8)
    assert np.abs(weights).max() == 127
    assert np.corrcoef(weights, untrained.layers[0].weights[:, best["unit"]])[0, 1] > 0.999


@pytest.mark.parametrize(
    ("output", "loss", "low"), [("tanh", "squared_error", -1.0), ("sigmoid", "binary_cross_entropy", 0.0)]
)
def test_scores_come_with_the_range_they_may_have(output, loss, low):
    network = Network([784, 4, 10], output=output, loss=loss)
    assert answer(network, np.ones(784, np.float32))["range"] == [low, 1.0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "the drawing, byte 0: no PNG or JPEG"),
        (b"GIF89a" + bytes(40), "the drawing, byte 0: no PNG or JPEG"),
        (png(ROUND[1])[:200], "the drawing: the image is damaged"),
        (png([[(-90, -90)]]), "the drawing: nothing but paper"),
    ],
)
def test_what_is_no_drawing_is_refused_in_a_sentence(content, sentence):
    with pytest.raises(DataError, match=sentence):
        read_drawing(content)


def test_a_drawing_may_not_declare_more_pixels_than_the_page_draws():
    with pytest.raises(DataError, match="2000 x 2000 pixels declared, expected 1048576 pixels at most"):
        read_drawing(png(ROUND[1], side=2000))


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (Network([5, 3, 2]), "m: takes 5 inputs, expected 784"),
        (Network([784, 3, 2], output="linear", loss="squared_error"), "m: is no classifier"),
        (Network([784, 3, 1], output="sigmoid", loss="binary_cross_entropy"), "m: is no classifier"),
    ],
)
def test_a_network_that_cannot_read_digits_is_refused(network, sentence):
    with pytest.raises(ModelFileError, match=sentence):
        expect_reader(network, "m")
