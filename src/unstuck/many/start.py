"""The program of a process that examines one of many: it limits itself, then becomes `unstuck diagnose`.

Its arguments are the number of the process that started it, its limits as JSON, and those of `unstuck diagnose`.
"""

import ctypes
import json
import os
import signal
import sys

DEATH_SIGNAL, SUBREAPER = 1, 36  # of prctl: end with the parent; orphans among our children become our own

if __name__ == "__main__":
    parent, limits, arguments = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(DEATH_SIGNAL, signal.SIGKILL)
        libc.prctl(SUBREAPER, 1)
        if parent and os.getppid() != parent:
            os._exit(1)
    if sys.platform != "win32":
        import resource

        for name, value in limits.items():
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            least = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (least, least))
    os.execv(sys.executable, [sys.executable, "-P", "-B", "-m", "unstuck.cli", "diagnose", *arguments])
