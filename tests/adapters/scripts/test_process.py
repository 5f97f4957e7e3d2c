"""A script runs as `python script.py` would run it: its arguments, its folder, its modules, data that are missing.

What a script found is seen in the one sentence about it: it ends itself with what it has to say.
"""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import unstuck
from tests.adapters.scripts.test_hostile import marked  # noqa: F401 - a fixture
from unstuck.adapters.scripts.running.job import Job
from unstuck.adapters.scripts.running.process import without_diagnosis
from unstuck.errors import CaseError

HOME = str(Path(unstuck.__file__).parents[1])


@pytest.fixture
def told(shell, tmp_path):
    """Runs a script that ends itself with a sentence; answers what was told of it."""

    def run(program, *options, name="script.py"):
        path = tmp_path / name
        path.write_bytes(program if isinstance(program, bytes) else program.encode())
        result = shell("diagnose", name, "--budget", 30, *options)
        assert result.exit_code == 2, result.output
        assert "Traceback" not in result.output
        return result.stderr

    return run


def test_arguments_stand_behind_two_dashes(told):
    assert "['script.py', '--epochs', '3']" in told("import sys\nsys.exit(str(sys.argv))\n", "--", "--epochs", "3")


def test_it_is_main_in_its_own_folder(told, tmp_path):
    (tmp_path / "helper.py").write_text("VALUE = 7\n")
    program = """
import os, sys, pickle
import helper
from pathlib import Path
class Net:
    pass
assert __name__ == '__main__'
assert Path(__file__).resolve().parent == Path(os.getcwd()) == Path(sys.path[0]).resolve()
assert isinstance(pickle.loads(pickle.dumps(Net())), Net)
sys.exit(f'all well {helper.VALUE}')
"""
    assert "all well 7" in told(program)
    assert not (tmp_path / "__pycache__").exists()


def test_names_of_older_versions_are_answered_and_said(told):
    program = """
import sys, time
import numpy as np
x = np.asfarray(['1', '2'])
sys.exit(f'{x.dtype} {np.float_(1)} {np.alltrue(x > 0)} {np.int(3)} {time.clock() >= 0}')
"""
    assert "float64 1.0 True 3 True" in told(program)
    assert "np.asfarray` was removed" in told(program, "--no-stand-ins")


def test_a_stand_in_is_given_to_the_script_and_to_no_library(told, tmp_path, monkeypatch):
    (tmp_path / "lib" / "site-packages").mkdir(parents=True)
    module = "try:\n    import idx2numpy\nexcept ImportError:\n    idx2numpy = None\n"
    (tmp_path / "lib" / "site-packages" / "reads_idx.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib" / "site-packages"))
    program = "import sys, reads_idx, idx2numpy\nsys.exit(f'{reads_idx.idx2numpy} {idx2numpy is not None}')\n"
    assert "None True" in told(program)


def test_a_script_elsewhere_runs_in_its_folder(shell, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "numbers.txt").write_text("1 2 3")
    (tmp_path / "elsewhere" / "script.py").write_text("import sys\nsys.exit(open('numbers.txt').read())\n")
    result = shell("diagnose", "elsewhere/script.py")
    assert "elsewhere/script.py, line 2" in result.stderr
    assert "1 2 3" in result.stderr


def test_a_fault_in_a_module_beside_it_names_that_file(told, tmp_path):
    (tmp_path / "helper.py").write_text("def f():\n    return 1 / 0\n")
    assert "helper.py, line 2: raised ZeroDivisionError" in told("import helper\nhelper.f()\n")


@pytest.mark.parametrize(
    "program",
    [
        b"# coding: latin-1\r\nimport sys\r\nsys.exit('\xe9t\xe9')\r\n",
        b"import sys\r\nsys.exit('\xe9t\xe9')\r\n",
        "\ufeffimport sys\nif 1:\n\tsys.exit('été')".encode(),
    ],
)
def test_encodings_line_ends_and_tabs(told, program):
    assert "été" in told(program)


def test_a_notebook_runs_cell_by_cell(told):
    cells = ["%matplotlib inline\nimport sys", "display(3)\nx = 5", "y = x + 1\nsys.exit(f'found {y}')"]
    book = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    sentence = told(json.dumps(book), name="book.ipynb")
    assert "book.ipynb, cell 3, line 2" in sentence
    assert "found 6" in sentence


def test_missing_data_are_stood_in_for(told):
    program = """
import gzip, pickle, struct, sys
import numpy as np
x = np.loadtxt('data/mnist_test.csv', delimiter=',', skiprows=1)
assert x.shape == (10000, 785) and x[0, 0] == 7
assert np.genfromtxt('mnist_test.csv', delimiter=',', skip_header=1, max_rows=20).shape == (20, 785)
with open("C:\\\\data\\\\train-images.idx3-ubyte", 'rb') as f:
    assert struct.unpack('>IIII', f.read(16)) == (2051, 60000, 28, 28)
with gzip.open('../t10k-labels-idx1-ubyte.gz') as f:
    assert np.frombuffer(f.read(), np.uint8, offset=8).shape == (10000,)
assert np.fromfile('train-labels.idx1-ubyte', np.uint8)[8:].tolist()[:2] == [5, 0]
sys.exit('all read')
"""
    assert "all read" in told(program)


def test_missing_archives_are_stood_in_for(told):
    program = """
import gzip, pickle, sys
import numpy as np
with np.load('mnist.npz') as f:
    assert f['x_train'].shape == (60000, 28, 28)
(a, b), valid, test = pickle.load(gzip.open('mnist.pkl.gz', 'rb'), encoding='latin1')
assert a.shape == (50000, 784) and a.max() <= 1
with open('mnist_train_100.csv') as f:
    lines = f.readlines()
assert len(lines) == 100 and len(lines[0].split(',')) == 785
sys.exit('all read')
"""
    assert "all read" in told(program)


def test_missing_modules_are_stood_in_for(told):
    program = """
import sys
from tensorflow.examples.tutorials.mnist import input_data
import idx2numpy
from mnist import MNIST
from tqdm import tqdm, trange
from skimage.measure import block_reduce
import tensorflow as tf
data = input_data.read_data_sets('MNIST_data/', one_hot=True)
assert data.train.images.shape == (55000, 784) and data.test.labels.shape == (10000, 10)
assert idx2numpy.convert_from_file('mnist/t10k-images.idx3-ubyte').shape == (10000, 28, 28)
assert len(MNIST('.').load_testing()[0]) == 10000
assert [i for i in tqdm(range(3))] == list(trange(3))
(x, y), test = tf.keras.datasets.mnist.load_data()
assert x.shape == (60000, 28, 28) and tf.keras.utils.to_categorical(y).shape == (60000, 10)
sys.exit('all there')
"""
    for module in ("tensorflow", "idx2numpy", "tqdm", "skimage"):
        if __import__("importlib.util", fromlist=["find_spec"]).find_spec(module):
            pytest.skip(f"{module} is installed here")
    assert "all there" in told(program)


def test_installed_libraries_find_the_data_too(told):
    pandas, scipy = pytest.importorskip("pandas"), pytest.importorskip("scipy")
    assert pandas, scipy
    program = """
import sys, urllib.request
import pandas as pd
from scipy.io import loadmat
df = pd.read_csv('../input/digit-recognizer/train.csv')
assert df.shape == (42000, 785) and df.values[:, 0].max() == 9 and list(df.columns[:2]) == ['label', 'pixel0']
assert pd.read_csv('mnist_train_10.csv', header=None).shape == (10, 785)
assert loadmat('mnist-original.mat')['data'].shape == (784, 70000)
assert loadmat('ex3data1.mat')['y'].max() == 10
df.head().to_csv('made.csv', index=False)
assert pd.read_csv('made.csv').shape == (5, 785)
urllib.request.urlretrieve('http://yann.lecun.com/exdb/mnist/t10k-labels-idx1-ubyte.gz', 'labels.gz')
assert len(open('labels.gz', 'rb').read()) > 1000
sys.exit('all read')
"""
    assert "all read" in told(program)


def test_without_stand_ins_the_sentence_says_what_was_wanted(told):
    sentence = told("import numpy as np\nx = np.load('mnist.npz')\n", "--no-stand-ins")
    assert all(part in sentence for part in ("line 2", "mnist.npz", "--no-stand-ins", "--data PATH"))


def test_the_users_own_file_is_read_instead(told, tmp_path):
    np.savetxt(tmp_path / "houses.csv", np.ones((7, 3)), delimiter=",", header="a,b,c")
    program = "import sys\nsys.exit(str(len(open('housepricedata.csv').readlines())))\n"
    assert "SystemExit: 8" in told(program, "--data", "houses.csv")


def test_data_that_are_nowhere_are_a_usage_error(shell, tmp_path):
    (tmp_path / "script.py").write_text("x = 1\n")
    result = shell("diagnose", "script.py", "--data", "nowhere.csv")
    assert result.exit_code == 2
    assert "nowhere.csv" in result.stderr


def test_written_past_python_is_refused_by_the_system(told, tmp_path):
    if sys.platform != "linux":
        pytest.skip("Landlock is Linux's")
    program = "import sqlite3\ntable = sqlite3.connect('made.db')\ntable.execute('create table t (x)')\n"
    assert "OperationalError" in told(program)
    assert not (tmp_path / "made.db").exists()


def test_what_was_read_is_told_although_the_process_crashes():
    job = Job("posted.py")
    with pytest.raises(CaseError, match=r"posted\.py: crashed"):
        without_diagnosis(job, None, "crashed", 3.0)
    answer = without_diagnosis(job, {"inputs": {"name": "x", "shape": [4, 2], "line": 3}}, "crashed", 3.0)
    assert answer.report["verdict"] == "inconclusive"
    assert answer.report["reading"]["inputs"]["name"] == "x"
    assert "crashed" in answer.text


def command(*arguments):
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {HOME!r}); from unstuck.cli import main; main()",
        *arguments,
    ]


def test_an_interrupt_ends_it_at_once_with_all_it_started(tmp_path, marked):  # noqa: F811
    (tmp_path / "script.py").write_text("while True:\n    pass\n")
    process = subprocess.Popen(command("diagnose", "script.py"), cwd=tmp_path, stdout=-1, stderr=-1)
    wait_for(lambda: len(marked()) == 2 and any("start.py" in line.decode() for line in marked()))
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"interrupted" in error
    assert b"Traceback" not in out + error
    assert marked() == []


def test_a_killed_parent_leaves_no_process(tmp_path, marked):  # noqa: F811
    if sys.platform != "linux":
        pytest.skip("the system ends it on Linux only")
    (tmp_path / "script.py").write_text("while True:\n    pass\n")
    process = subprocess.Popen(command("diagnose", "script.py"), cwd=tmp_path, stdout=-1, stderr=-1)
    wait_for(lambda: any("start.py" in line.decode() for line in marked()))
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: marked() == [])


def wait_for(condition, attempts=300):
    for _ in range(attempts):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it never came about")
