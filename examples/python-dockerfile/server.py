"""A tiny web app: `/` greets, `/health` answers 200."""

import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGES = {"/": b"Hello from Python\n", "/health": b"ok\n"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        page = PAGES.get(self.path)
        body = page or b"not found\n"
        self.send_response(200 if page else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def create_server(port):
    return ThreadingHTTPServer(("", port), Handler)


if __name__ == "__main__":
    server = create_server(3000)
    # From a thread of its own: shutdown waits for the loop that the signal interrupts.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
