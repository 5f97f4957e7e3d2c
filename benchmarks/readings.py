"""How long the page takes to read a drawing: over HTTP, image in, JSON out. `python benchmarks/readings.py`"""

import http.client
import io
import statistics
import threading
import time

import uvicorn
from PIL import Image, ImageDraw

from unstuck.nn.network import Network
from unstuck.web.application import create_application

READINGS = 500
NETWORKS = [784, 256, 10], [784, 800, 800, 10]


def drawing() -> bytes:
    """A seven as the page draws it: 280 x 280, black on white."""
    image = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(image).line([(80, 70), (200, 70), (140, 230)], 0, 22, "curve")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def measure(network: Network) -> list[float]:
    """Milliseconds of each reading, in order of size."""
    server = uvicorn.Server(uvicorn.Config(create_application(network), port=0, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    client = http.client.HTTPConnection(*server.servers[0].sockets[0].getsockname())
    body, milliseconds = drawing(), []
    for _ in range(READINGS):
        start = time.perf_counter()
        client.request("POST", "/api/readings", body, {"content-type": "image/png"})
        assert client.getresponse().read()
        milliseconds.append(1000 * (time.perf_counter() - start))
    server.should_exit = True
    thread.join()
    return sorted(milliseconds)


if __name__ == "__main__":
    print(f"{'network':>16}  median  99 %  worst   (ms, {READINGS} readings)")
    for sizes in NETWORKS:
        found = measure(Network(sizes))
        worst = found[READINGS * 99 // 100], found[-1]
        print(f"{'-'.join(map(str, sizes)):>16}  {statistics.median(found):6.1f}  {worst[0]:4.1f}  {worst[1]:5.1f}")
