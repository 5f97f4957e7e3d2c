"""Scripts that are hostile, useless or unlucky: each is answered with a report or one sentence, and changes nothing.

None of them aims outside of its own folder: where a guard leaks, the machine that runs the tests would pay.
"""

TRAINS = """
import numpy as np
x = np.random.RandomState(0).rand(60, 4)
t = np.eye(3)[np.arange(60) % 3]
w = np.random.randn(4, 3) * 0.1
for step in range(300):
    p = 1 / (1 + np.exp(-(x @ w)))
    w -= 0.1 * x.T @ ((p - t) * p * (1 - p))
"""

# name -> (program, seconds, parts of the one sentence; None: it trains, so that a report is as good)
HOSTILE: dict[str, tuple[str | bytes, float, tuple[str, ...] | None]] = {
    "empty": ("# nothing\n\n", 5, ("no code",)),
    "syntax": ("x = 1\nfor i in range(3)\n    print(i)\n", 5, ("line 2", "cannot read")),
    "tabs": ("if 1:\n\tx = 1\n        y = 2\n", 5, ("line 3", "tabs")),
    "python_2_print": ("x = 3\nprint 'x', x\n", 5, ("line 2", "Python 2")),
    "python_2_except": ("try:\n    x = 1\nexcept ValueError, e:\n    pass\n", 5, ("line 3", "Python 2")),
    "python_2_range": ("x = 1\nfor i in xrange(3):\n    pass\n", 5, ("line 2", "Python 2", "xrange")),
    "python_2_module": ("import urllib2\n", 5, ("line 1", "Python 2", "urllib2")),
    "binary": (b"\x7fELF\x02\x01\x00\x00\x00", 5, ("no text",)),
    "unknown_encoding": ("# coding: klingon\nx = 1\n", 5, ("line 1", "klingon")),
    "deep": ("x = " + "(" * 900 + "1" + ")" * 900, 5, ("line 1",)),
    "loops_for_ever": ("while True:\n    pass\n", 2, ("line",)),
    "catches_everything": (
        "while True:\n    try:\n        x = 1\n    except BaseException:\n        pass\n",
        2,
        ("line",),
    ),
    "prints_for_ever": ("while True:\n    print('x' * 1000)\n", 2, ("line",)),
    "prints_a_million_lines": ("for i in range(1000000):\n    print(i, 'of a million')\n" + TRAINS, 30, None),
    "sleeps": ("import time\ntime.sleep(10 ** 6)\n" + TRAINS, 20, None),
    "exits": ("import sys\nsys.exit('bye')\n" + TRAINS, 5, ("line 2", "ends itself", "bye")),
    "exits_at_once": ("import os\nos._exit(3)\n" + TRAINS, 5, ("line 2", "ends itself")),
    "exits_as_in_a_shell": ("exit()\n" + TRAINS, 5, ("line 1", "ends itself")),
    "aborts": ("import os\nos.abort()\n" + TRAINS, 5, ("line 2", "ends itself")),
    "raises": ("x = {}\ny = x['missing']\n" + TRAINS, 5, ("line 2", "KeyError", "missing")),
    "raises_at_length": ("raise ValueError('x\\n' * 10 ** 6)\n", 5, ("line 1", "ValueError")),
    "raises_what_cannot_be_printed": (
        "class E(Exception):\n    def __str__(self):\n        raise self\nraise E\n",
        5,
        ("line 4", "cannot be printed"),
    ),
    "recurses": ("def f():\n    return f()\nf()\n", 5, ("line 2", "without end")),
    "asks_for_a_terabyte": ("import numpy as np\nx = np.ones((10 ** 6, 10 ** 6))\n", 5, ("line 2", "memory")),
    "fills_memory": ("import numpy as np\nx = []\nwhile True:\n    x.append(np.zeros(10 ** 8))\n", 30, ("memory",)),
    "asks": ("name = input('your name? ')\n" + TRAINS, 20, None),
    "asks_for_a_number": ("n = int(input('how many? '))\n" + TRAINS, 5, ("line 1", "input")),
    "asks_until_answered": ("while True:\n    if input() == 'y':\n        break\n", 5, ("line 2", "EOFError")),
    "module_missing": ("import nothing_of_that_name\n" + TRAINS, 5, ("line 1", "nothing_of_that_name")),
    "file_missing": ("import numpy as np\nx = np.loadtxt('prices.txt')\n", 5, ("line 2", "prices.txt", "--data")),
    "fetches": (
        "import urllib.request\nurllib.request.urlopen('http://example.com/iris.csv')\n",
        5,
        ("line 2", "network"),
    ),
    "connects": ("import socket\nsocket.create_connection(('127.0.0.1', 80))\n", 5, ("line 2", "network")),
    "starts_programs": (
        "import os, subprocess\nos.system('touch made')\nsubprocess.run(['touch', 'made'])\n"
        "print(os.popen('ls').read(), subprocess.Popen('ls', shell=True).wait())\n" + TRAINS,
        20,
        None,
    ),
    "forks": ("import os\nwhile True:\n    os.fork()\n", 5, ("line 3", "no other programs")),
    "kills": ("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n", 5, ("line 2", "ends no processes")),
    "pools": (
        "from multiprocessing import Pool, Process\n"
        "def f(x):\n    return x * x\n"
        "if __name__ == '__main__':\n"
        "    with Pool(4) as pool:\n        print(pool.map(f, range(10)))\n"
        "    p = Process(target=f, args=(1,))\n    p.start()\n    p.join()\n" + TRAINS,
        20,
        None,
    ),
    "threads": (
        "import threading, time\n"
        "def work():\n    while True:\n        time.sleep(0.01)\n"
        "threading.Thread(target=work).start()\n",
        2,
        ("",),
    ),
    "trains_in_a_thread": (
        "import threading\ndef work():\n"
        + "".join(f"    {line}\n" for line in TRAINS.splitlines())
        + "thread = threading.Thread(target=work)\nthread.start()\nthread.join()\n",
        20,
        None,
    ),
    "ignores_signals": (
        "import signal\nfor s in (signal.SIGINT, signal.SIGALRM):\n    signal.signal(s, signal.SIG_IGN)\n"
        "signal.alarm(0)\nwhile True:\n    pass\n",
        2,
        ("line",),
    ),
    "writes_and_removes": (
        "import os, shutil, pathlib, pickle\nimport numpy as np\n"
        "open('new.txt', 'w').write('x')\nassert open('new.txt').read() == 'x'\n"
        "open('kept.txt', 'a').write('more')\nassert open('kept.txt').read() == 'keptmore'\n"
        "os.remove('kept.txt')\nassert not os.path.exists('kept.txt')\n"
        "os.makedirs('a/b')\nnp.save('a/b/x.npy', np.ones(3))\nassert np.load('a/b/x.npy').sum() == 3\n"
        "pathlib.Path('p.txt').write_text('p')\nos.rename('p.txt', 'q.txt')\nassert 'q.txt' in os.listdir('.')\n"
        "pickle.dump({}, open('d.pkl', 'wb'))\nnp.savetxt('t.txt', np.ones(4))\nassert np.loadtxt('t.txt').sum() == 4\n"
        "shutil.rmtree('sub')\nassert not os.path.isdir('sub')\nshutil.rmtree('a')\n" + TRAINS,
        20,
        None,
    ),
    "removes_everything": ("import shutil, os\nshutil.rmtree(os.getcwd())\n" + TRAINS, 20, None),
    "crashes": ("import ctypes\nctypes.string_at(0)\n", 5, ("crashed",)),
    "closes_its_output": ("import sys, os\nsys.stdout.close()\nos.close(1)\nsys.stdout = None\n" + TRAINS, 20, None),
    "spoils_builtins": ("import builtins\nbuiltins.open = builtins.print = builtins.input = None\n" + TRAINS, 20, None),
    "hangs_at_exit": ("import atexit, time\natexit.register(lambda: exec('while True: pass'))\n" + TRAINS, 20, None),
    "shows_windows": (
        "import tkinter\nroot = tkinter.Tk()\nroot.mainloop()\n",
        5,
        ("tkinter",),
    ),
    "never_learns": ("import numpy as np\nw = np.random.randn(3, 3)\nprint(w @ w)\n", 5, ("",)),
    "guards_nothing": ("def main():\n    pass\nif __name__ == '__main__':\n    main()\n", 5, ("",)),
    "changes_folder": ("import os\nos.chdir('/')\n" + TRAINS, 20, None),
    "raises_warnings": (
        "import warnings, numpy as np\nwarnings.simplefilter('error')\nnp.seterr(all='raise')\n" + TRAINS,
        20,
        None,
    ),
    "reads_its_input": ("import sys\nlines = sys.stdin.read()\n" + TRAINS, 20, None),
    "wants_arguments": (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('data')\n"
        "arguments = parser.parse_args()\n" + TRAINS,
        5,
        ("line 4", "ends itself"),
    ),
    "has_a_guard": (
        "def main():\n"
        + "".join(f"    {line}\n" for line in TRAINS.splitlines())
        + "if __name__ == '__main__':\n    main()\n",
        20,
        None,
    ),
    "imports_relatively": ("from . import helper\n" + TRAINS, 5, ("line 1", "relative import")),
    "replaces_numpy": (
        "import numpy as np\nnp.dot = np.sum = np.zeros = np.array = lambda *a, **k: None\n" + TRAINS,
        20,
        None,
    ),
    "is_asynchronous": (
        "import asyncio\nasync def main():\n"
        + "".join(f"    {line}\n" for line in TRAINS.splitlines())
        + "        await asyncio.sleep(0)\nasyncio.run(main())\n",
        20,
        None,
    ),
    "stops_for_the_debugger": ("breakpoint()\n" + TRAINS, 20, None),
    "removes_itself": ("import os\nos.remove(__file__)\n" + TRAINS, 20, None),
    "runs_itself": ("exec(open(__file__).read())\n" + TRAINS, 5, ("line 1", "without end")),
    "interrupts_itself": ("raise KeyboardInterrupt\n" + TRAINS, 5, ("line 1", "KeyboardInterrupt")),
    "serves": (
        "from http.server import HTTPServer, BaseHTTPRequestHandler\n"
        "HTTPServer(('127.0.0.1', 0), BaseHTTPRequestHandler).serve_forever()\n",
        5,
        ("line 2", "network"),
    ),
    "logs": (
        "import logging\nlogging.basicConfig(filename='training.log', level='DEBUG')\nlogging.info('go')\n" + TRAINS,
        20,
        None,
    ),
    "only_words": ('"""A network."""\n', 5, ("",)),
    "broken.ipynb": ('{"cells": [', 5, ("notebook",)),
    "magics.ipynb": (
        '{"cells": [{"cell_type": "code", "source": ["%matplotlib inline\\n", "!pip install x\\n", "?print"]}]}',
        5,
        ("trained",),
    ),
    "markdown.ipynb": ('{"cells": [{"cell_type": "markdown", "source": "words"}]}', 5, ("no code",)),
    "does_not_fit": (TRAINS.replace("(p - t)", "(p - t.T)"), 5, ("line 8", "(60, 3) minus (3, 60)")),
}
