"""A small HTTP server on loopback: keeps each POST as FOLDER/NAME.body and FOLDER/NAME.headers (JSON), where NAME is its path.

Usage: inbox.py FOLDER. Prints its port, and serves until its standard input closes.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

folder = Path(sys.argv[1])


class Inbox(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        name = self.path.strip("/")
        if not name.isalnum():
            self.send_error(404)
            return
        (folder / f"{name}.body").write_bytes(body)
        headers = {key.lower(): value for key, value in self.headers.items()}
        (folder / f"{name}.headers").write_text(json.dumps(headers))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Inbox)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
