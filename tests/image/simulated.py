"""The vendor's reads and an ntfy server, on loopback."""

import http.server
import json
import ssl
import threading
import time

TOKEN = "user:1234-simulated"


class Handler(http.server.BaseHTTPRequestHandler):
    """The vendor's reads, and an ntfy server that accepts every message."""

    received = []

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            return self.answer(401, {"error": "Unauthorized"})
        account = {
            "account": "123456", "maxJobs": 2, "supportVideo": True,
            "jwt": {"exp_Expire": int(time.time() + 20 * 86400), "user": {"id": "123456"}},
        }
        if self.path == "/v1/minimax/accounts/":
            return self.answer(200, {"123456": account})
        if self.path == "/v1/minimax/accounts":
            return self.answer(200, {"123456": account})
        if self.path == "/v1/minimax/accounts/123456":
            return self.answer(200, account)
        if self.path == "/v2/account":
            return self.answer(200, {"subscriptionIsActive": True})
        return self.answer(404, {"error": "Not found"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        Handler.received.append((dict(self.headers), body.decode()))
        self.answer(200, {"id": "1"})

    def log_message(self, *_):
        pass


def serve(certificate=None):
    """The port of a new server; with the files of a certificate and its key, it speaks TLS."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        # A client that does not know the authority ends the handshake.
        server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
