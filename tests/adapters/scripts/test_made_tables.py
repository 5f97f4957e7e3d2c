"""A table that is missing is made up only as far as the script says what it reads: columns, rows and target."""

import io

import numpy as np
import pytest

from unstuck.adapters.scripts.stand_ins.made_tables import table_of

BY_NUMBER = """
df = pd.read_csv('houses.csv')
data = df.values
X, Y = data[:, 0:10], data[:, 10]
X = MinMaxScaler().fit_transform(X)
X_train, X_test = X[:1024], X[1024:]
net = Network([10, 32, 1], activation=sigmoid)
"""
BY_NAME = """
df = pd.read_csv('flowers.csv')
X = df[['length', 'width', 'height']].values
y = df['kind'].values
w = np.random.randn(3, 4)
v = np.random.randn(4, 3)
p = softmax(sigmoid(X @ w) @ v)
"""
BY_SIZES = """
data = np.loadtxt("body.txt", delimiter=",")
X, y = data[:, :-1], data[:, -1]
W = np.random.randn(6, 8)
V = np.random.randn(8, 1)
"""


def read(path, program):
    text, words = table_of(path, program)
    head, _, body = text.partition("\n")
    table = np.loadtxt(io.StringIO(body), delimiter=",")
    return head, table, words


def test_columns_cut_out_by_number_have_the_target_behind_them_and_rows_enough():
    head, table, words = read("data/houses.csv", BY_NUMBER)
    assert table.shape[1] == len(head.split(",")) == 11
    assert len(table) > 1024
    assert set(table[:, 10]) == {0, 1}
    spans = np.ptp(table[:, :10], axis=0)
    assert spans.max() > 100 * spans.min()  # it scales them: there is something to scale
    assert "made-up rows of 10 columns of very different ranges and a target, 0 or 1" in words


def test_columns_looked_up_by_name_are_there_by_name():
    head, table, _ = read("flowers.csv", BY_NAME)
    assert set(head.split(",")) == {"length", "width", "height", "kind"}
    kind = table[:, head.split(",").index("kind")]
    assert set(kind) == {0, 1, 2}


def test_where_only_the_network_tells_it_tells_how_many_columns_there_are():
    text, _ = table_of("body.txt", BY_SIZES)
    table = np.loadtxt(io.StringIO(text), delimiter=",")  # no line of names: nothing passes one over
    assert table.shape[1] == 7
    assert len(set(table[:, -1])) > 100  # a number is learnt: no class is named anywhere


def test_the_target_can_be_learnt_from_the_columns():
    _, table, _ = read("houses.csv", BY_NUMBER)
    x = table[:, :10] / np.ptp(table[:, :10], axis=0)
    x = np.column_stack([x, np.ones(len(x))])
    fitted = x @ np.linalg.lstsq(x, table[:, 10], rcond=None)[0]
    assert np.mean((fitted > 0.5) == table[:, 10]) > 0.85


@pytest.mark.parametrize(
    ("path", "program"),
    [
        ("other.csv", BY_NUMBER),  # a file that the script never names
        ("houses.csv", "df = pd.read_csv('houses.csv')\ntrain(df)"),  # says nothing of it
        ("houses.csv", "with open('houses.csv') as f: text = f.read()[0:10]"),  # reads no table
        ("houses.png", "imread('houses.png')[:, 0:3]"),
    ],
)
def test_a_file_of_which_the_script_says_too_little_is_not_made_up(path, program):
    assert table_of(path, program) is None


PASSENGERS = """
df = pd.read_csv("titanic.csv")
df = df[["Survived", "Pclass", "Sex", "Age", "Embarked"]]
df["Sex"] = df["Sex"].map({"male": 0, "female": 1})
port = pd.get_dummies(df["Embarked"])
X = df[["Pclass", "Sex", "Age"]].values
y = df["Survived"].values
W = np.random.randn(3, 8)
V = np.random.randn(8, 1)
p = sigmoid(X @ W @ V)
"""


def test_columns_of_words_hold_the_words_that_the_program_translates():
    text, _ = table_of("titanic.csv", PASSENGERS)
    head, *lines = text.splitlines()
    columns = dict(zip(head.split(","), zip(*(line.split(",") for line in lines), strict=True), strict=True))
    assert set(columns["Sex"]) == {"male", "female"}
    assert len(set(columns["Embarked"])) > 1
    assert not any(word[0].isdigit() for word in columns["Embarked"])
    assert set(columns["Survived"]) == {"0", "1"}
    assert len({float(age) for age in columns["Age"]}) > 10


def test_a_target_in_words_is_one_of_them():
    program = BY_NAME.replace("df['kind'].values", "df['kind'].map({'long': 0, 'wide': 1}).values")
    text, _ = table_of("flowers.csv", program)
    head, *lines = text.splitlines()
    place = head.split(",").index("kind")
    assert {line.split(",")[place] for line in lines} == {"long", "wide"}


def test_columns_that_are_left_out_come_on_top_of_the_inputs():
    program = "df = pd.read_csv('t.csv').drop(['id', 'name'], axis=1)\ny = df['rich'].values\nW = np.random.randn(4, 1)"
    text, _ = table_of("t.csv", program)
    assert len(text.splitlines()[0].split(",")) == 7
