# SPDX-License-Identifier: GPL-3.0-or-later
"""A Hugging Face hub on this machine, with one model; it can break and lie."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "some-owner/some-vitpose"
VERSION = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """What the hub has, and what was asked of it.

    Attributes:
        files: Content by name.
        sent: Content that is sent instead, by name: a transfer that went wrong.
        breaks: Names of which only the first half is sent, once.
        ranges: The `Range` headers that came, as (name, header).
    """

    def __init__(self):
        self.files = {
            "config.json": b'{"model_type": "vitpose"}',
            "model.safetensors": bytes(range(256)) * 4096,
            "README.md": b"not needed",
        }
        self.sent = {}
        self.breaks = set()
        self.ranges = []
        self.fetched = []

    def info(self):
        siblings = []
        for name, content in self.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            told = {"rfilename": name, "size": len(content), "blobId": blob}
            if name.endswith(".safetensors"):
                sha256 = hashlib.sha256(content).hexdigest()
                told["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 1}
            siblings.append(told)
        return {"id": MODEL, "sha": VERSION, "siblings": siblings, "tags": []}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(with_body=False)

    def do_GET(self):
        self._answer(with_body=True)

    def _answer(self, with_body):
        hub = self.server.hub
        if self.path.startswith(f"/api/models/{MODEL}"):
            return self._send(json.dumps(hub.info()).encode(), 200, {}, with_body)
        name = self.path.rpartition("/")[2].partition("?")[0]
        if not self.path.startswith(f"/{MODEL}/resolve/") or name not in hub.files:
            headers = {"X-Error-Code": "RepoNotFound"}
            return self._send(b"", 404, headers, with_body)
        content = hub.files[name]
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": VERSION,
            "Accept-Ranges": "bytes",
        }
        if not with_body:
            return self._send(content, 200, headers, with_body)
        hub.fetched.append(name)
        return self._send_part(name, hub.sent.get(name, content), headers)

    def _send_part(self, name, content, headers):
        hub, wanted, start = self.server.hub, self.headers.get("Range"), 0
        if wanted:
            hub.ranges.append((name, wanted))
            start = int(wanted.removeprefix("bytes=").split("-")[0])
        size = len(content)
        headers = dict(headers)
        if start:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        self._begin(206 if start else 200, size - start, headers)
        if name in hub.breaks:
            hub.breaks.discard(name)
            self.wfile.write(content[start : size // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(content[start:])

    def _send(self, content, code, headers, with_body):
        self._begin(code, len(content), headers)
        if with_body:
            self.wfile.write(content)

    def _begin(self, code, size, headers):
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(size))
        self.end_headers()


@contextmanager
def fake_hub():
    """Run a hub; gives it and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.hub = FakeHub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.hub, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
