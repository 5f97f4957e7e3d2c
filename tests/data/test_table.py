"""CSV files: with and without header, with and without labels, and the first thing that is wrong with them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.contents import packed
from tests.data.refusal import read_or_refuse, refusal
from unstuck.data.table import read_table

GOOD = "label,pixel0,pixel1,pixel2,pixel3\n5,0,255,3,4\n0,9,8,7,6\n"
PIXELS = [[0, 255, 3, 4], [9, 8, 7, 6]]


def table(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("label,a,b,c,d\nseven,0,255,3,4\nnil,9,8,7,6\n", id="a header"),
        pytest.param("seven,0,255,3,4\nnil,9,8,7,6\n", id="no header"),
        pytest.param("0,255,3,4,seven\n9,8,7,6,nil\n", id="last"),
        pytest.param('"seven",0,255,3,4\n"nil",9,8,7,6\n', id="quoted"),
        pytest.param("label,0,1,2,3\nseven,0,255,3,4\nnil,9,8,7,6\n", id="columns called by numbers"),
    ],
)
def test_labels_that_are_words_are_names_of_classes(tmp_path, content):
    pixels, labels, names = read_table(table(tmp_path, content))
    np.testing.assert_array_equal(pixels, PIXELS)
    np.testing.assert_array_equal(labels, [1, 0])
    assert names == ("nil", "seven")


def test_numbers_are_no_names(tmp_path):
    assert read_table(table(tmp_path, GOOD))[2] is None


def test_a_column_of_other_texts_is_no_label(tmp_path):
    rows = "".join(f"picture {i},0,1,2,3\n" for i in range(30))
    assert "column 1: 30 names in 30 rows are no classes" in refusal(read_table, table(tmp_path, rows))
    assert "line 2, column 1: the cell is empty" in refusal(read_table, table(tmp_path, "a,0,1,2,3\n,0,1,2,3\n"))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD, id="Kaggle"),
        pytest.param(packed(GOOD.encode()), id="gzip"),
        pytest.param(GOOD.rstrip("\n"), id="no newline at the end"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="Windows"),
        pytest.param(GOOD.replace("\n", "\n\n"), id="blank lines"),
        pytest.param("\ufeff" + GOOD, id="byte order mark"),
        pytest.param(GOOD.replace(",", " , "), id="spaces"),
        pytest.param("\n".join(",".join(f'"{c}"' for c in r.split(",")) for r in GOOD.split()), id="quoted"),
        pytest.param(GOOD.split("\n", 1)[1], id="no header"),
        pytest.param("a,b,c,d,Class\n0,255,3,4,5\n9,8,7,6,0\n", id="label last"),
        pytest.param("5,0,255.0,3,4.0\n0,9,8,7e0,6\n", id="whole numbers written as floats"),
    ],
)
def test_every_usual_form_is_read(tmp_path, content):
    pixels, labels, _ = read_table(table(tmp_path, content))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, PIXELS)
    np.testing.assert_array_equal(labels, [5, 0])


@pytest.mark.parametrize("content", ["pixel0,pixel1,pixel2,pixel3\n0,255,3,4\n9,8,7,6", "0,255,3,4\n9,8,7,6"])
def test_labels_may_be_missing(tmp_path, content):
    pixels, labels, _ = read_table(table(tmp_path, content))
    np.testing.assert_array_equal(pixels, PIXELS)
    assert labels is None


def test_fractions_are_taken_as_they_are(tmp_path):
    pixels, _, _ = read_table(table(tmp_path, "1,0,0.25,0.5,1\n0,1,1,0,0\n"))
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, [[0, 0.25, 0.5, 1], [1, 1, 0, 0]])


def test_ones_and_zeros_are_white_and_black(tmp_path):
    np.testing.assert_array_equal(read_table(table(tmp_path, "1,0,0,1,1\n"))[0], [[0, 0, 255, 255]])


def test_many_rows_come_in_order(tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (2500, 5))
    rows[:, 0] %= 10
    pixels, labels, _ = read_table(table(tmp_path, "\n".join(",".join(map(str, row)) for row in rows)))
    np.testing.assert_array_equal(np.c_[labels, pixels], rows)


BAD = {
    "empty": ("", "line 1: the file is empty"),
    "blank": ("\n \n", "line 1: the file is empty"),
    "header alone": (GOOD.split("\n")[0], "line 2: the file ends after its header"),
    "pixel column missing": ("label,pixel0,pixel1\n1,2,3\n", "line 1: 3 columns, expected a label and"),
    "no square without header": ("1,2,3,4\n1,2,3\n", "line 2: 3 cells, expected 4"),
    "one column": ("7\n3\n", "line 1: 1 columns"),
    "two label columns": (GOOD.replace("pixel2", "Label"), "line 1, column 4: a second column of labels"),
    "row too short": (GOOD + "1,2,3,4\n", "line 4: 4 cells, expected 5"),
    "row too long": (GOOD + "1,2,3,4,5,6\n", "line 4: 6 cells, expected 5"),
    "every row too short": ("label,a,b,c,d\n1,2,3,4\n1,2,3,4\n", "line 2: 4 cells, expected 5"),
    "NaN": (GOOD + "1,2,nan,4,5\n", "line 4, column 3: 'nan' is not a number"),
    "infinite": (GOOD + "1,2,inf,4,5\n", "line 4, column 3: 'inf' is not a number"),
    "too large for a float": (GOOD + "1,2,1e99,4,5\n", "line 4, column 3: 1e99 is too large"),
    "empty cell": (GOOD + "1,2,,4,5\n", "line 4, column 3: the cell is empty"),
    "text": (GOOD + "1,2,3,x y,5\n", "line 4, column 4: 'x y' is not a number"),
    "other separator": (GOOD.replace(",", ";"), "line 1: 1 columns"),
    "underscore in a number": (GOOD + "1,2,1_0,4,5\n", "line 4, column 3: '1_0' is not a number"),
    "pixel above 255": (GOOD + "1,2,256,4,5\n", "line 4, column 3: 256.0 is no pixel"),
    "pixel below 0": (GOOD + "1,2,-3,4,5\n", "line 4, column 3: -3.0 is no pixel"),
    "fraction among whole numbers": (GOOD + "1,2,0.5,4,5\n", "line 2, column 3: 255.0 is above 1, but"),
    "label with a fraction": (GOOD + "1.5,2,3,4,5\n", "line 4, column 1: 1.5 is no label"),
    "label below 0": (GOOD + "-1,2,3,4,5\n", "line 4, column 1: -1.0 is no label"),
    "label out of range": (GOOD + "77,2,3,4,5\n", "line 4, column 1: the label 77 is out of range, expected 0 to 9"),
    "label last, pixel wrong": ("a,b,c,d,label\n1,2,3,999,5\n", "line 2, column 4: 999.0 is no pixel"),
    "not text": (b"\xff\xfe\x00\x01" * 9, "line 1, byte 0: not text"),
    "not text further down": (GOOD.encode() + b"1,2,\xff,4,5\n", "line 4, byte 4: not text"),
    "zero bytes": (GOOD.encode() + bytes(200), "line 4, column 1"),
    "line without end": ("1," * (1 << 20), "line 1: longer than"),
    "quote without end": (GOOD + '1,"2,3,4,5\n1,2,3,4,5\n', "line 4, column 2"),
    "gzip cut short": (packed(GOOD.encode())[:-9], "the gzip data end"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_bad_content_is_refused_with_its_place(tmp_path, content, sentence):
    assert sentence in refusal(read_table, table(tmp_path, content))


def test_the_line_is_right_beyond_the_first_block_and_blank_lines(tmp_path):
    content = GOOD + "\n" + "1,2,3,4,5\n" * 2500 + "1,2,3,4,oops\n"
    assert "line 2505, column 5: 'oops'" in refusal(read_table, table(tmp_path, content))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_never_raise_anything_else(tmp_path, data):
    content = bytearray(GOOD, "ascii")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        noise = data.draw(st.binary(max_size=4) | st.text('0123456789,."\n\r#eE+-n ;', max_size=4).map(str.encode))
        content[at : at + data.draw(st.integers(0, 4))] = noise
    read_or_refuse(read_table, table(tmp_path, bytes(content)))


def test_labels_in_the_last_column_of_a_table_without_a_header_are_found(tmp_path):
    rows = [[0, 10 * n, 20, 30, n % 3] for n in range(9)]
    path = tmp_path / "last.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in rows))
    pixels, labels, _ = read_table(path)
    assert labels.tolist() == [n % 3 for n in range(9)]
    assert pixels[:, 1].tolist() == [10 * n for n in range(9)]
