# SPDX-License-Identifier: GPL-3.0-or-later
"""A network camera for tests: pictures as a multipart stream over HTTP."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

WAIT = 20  # For the next picture; only a failing test waits so long [s].


class MjpegServer:
    """Serves what the test puts into `pictures`; stalls while there is nothing."""

    def __init__(self) -> None:
        self.pictures: queue.Queue[bytes | None] = queue.Queue()
        pictures = self.pictures

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header(
                    "Content-Type", "multipart/x-mixed-replace; boundary=frame"
                )
                self.end_headers()
                while (jpeg := pictures.get(timeout=WAIT)) is not None:
                    head = b"--frame\r\nContent-Type: image/jpeg\r\n"
                    size = b"Content-Length: %d\r\n\r\n" % len(jpeg)
                    self.wfile.write(head + size + jpeg + b"\r\n")

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://user:secret@127.0.0.1:{self._server.server_port}/x.mjpg"

    def show(self, *values: int) -> None:
        for value in values:
            image = np.full((48, 64, 3), value, np.uint8)
            self.pictures.put(cv2.imencode(".jpg", image)[1].tobytes())

    def hang_up(self) -> None:
        self.pictures.put(None)

    def close(self) -> None:
        self.hang_up()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WAIT)
