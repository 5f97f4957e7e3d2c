"""A class of 200 submissions: examples, planted faults written out as scripts, healthy ones, and 20 hostile ones."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.adapters.scripts.drawn import FAULTS, draw
from tests.adapters.scripts.hostile import TRAINS

ROOT = Path(__file__).resolve().parents[2]
SIZE, N_HOSTILE = 200, 20
SECRET = "the words of somebody else"
PLANTED = [fault for fault in FAULTS if fault != "healthy"]
HEALTHY_EVERY = 5  # scripts
FOR_EVER = "import threading, time\nthreading.Thread(target=lambda: [time.sleep(1) for _ in iter(int, 1)]).start()\n"
# As a Case they run in the process of the diagnosis, where nothing but the wall keeps them in.
READS = "import unstuck\nraise ValueError(open({path!r}).read())\ncase = None\n"
CONNECTS = "import socket, unstuck\nsocket.create_connection(('127.0.0.1', {port}), 5)\ncase = None\n"


def hostile(folder: Path, home: Path, port: int) -> dict[str, str | bytes]:
    """Paths below the class and their programs; two more, a folder and a link in a circle, are no files."""
    return {
        "loops/net.py": "while True:\n    pass\n",
        "forks/net.py": "import os\nwhile True:\n    os.fork()\n",
        "exits/net.py": "import sys\nsys.exit('bye')\n" + TRAINS,
        "exits-at-once/net.py": "import os\nos._exit(3)\n" + TRAINS,
        "takes-memory/net.py": "import numpy as np\nx = np.ones(20 << 27)\n" + TRAINS,
        "reads-input/net.py": "import sys\nlines = sys.stdin.read()\n" + TRAINS,
        "removes-folder/net.py": "import shutil, os\nshutil.rmtree(os.getcwd())\n" + TRAINS,
        "writes/net.py": "with open('large', 'wb') as f:\n    for _ in range(1024):\n        f.write(bytes(1 << 20))\n",
        "never-ends/net.py": FOR_EVER + TRAINS,
        "syntax/net.py": "for i in range(3)\n    print(i)\n",
        "latin/net.py": "# coding: latin-1\nname = 'é'\n".encode("latin-1") + TRAINS.encode(),
        "utf-16/net.py": TRAINS.encode("utf-16"),
        "neighbour/net.py": READS.format(path=str(folder / "loops" / "net.py")),
        "home/net.py": READS.format(path=str(home / "secret.txt")),
        "connects/net.py": CONNECTS.format(port=port),
        "empty/net.py": "",
        "large/net.py": "x = 1\n" * 1_800_000,
        "binary/net.py": bytes(range(256)) * 40,
    }


def make_class(folder: Path, home: Path, port: int) -> None:
    """Fill an empty folder with 200 submissions."""
    for path, text in hostile(folder, home, port).items():
        put(folder / path, text)
    put(folder / "folder.py" / "notes.txt", "no program")
    (folder / "circle.py").symlink_to(folder / "circle.py")
    examples = [*(ROOT / "examples" / "stuck").glob("*.py"), *(ROOT / "examples" / "plain").glob("*.py")]
    for example in examples:
        (folder / "examples").mkdir(exist_ok=True)
        shutil.copy(example, folder / "examples" / example.name)
    for number in range(SIZE - N_HOSTILE - len(examples)):
        fault = "healthy" if number % HEALTHY_EVERY == 0 else PLANTED[number % len(PLANTED)]
        own = f"student-{number:03}/net.py" if number % 2 else f"student-{number:03}.py"
        put(folder / own, draw(number, fault).text)


def put(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
