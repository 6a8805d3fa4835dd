"""A small web server for GET /metrics, on a port or socket of its own."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .metrics import CONTENT_TYPE, Metrics

_SECONDS = 10.0


class MetricsServer:
    """Serves metrics in a thread, as long as mail is received."""

    def __init__(self, metrics: Metrics, host: str, port: int, path: str = "") -> None:
        """Take a host and port, or the path of a socket."""
        self.metrics = metrics
        self._place = (host, port, path)
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that was taken, where any would do."""
        assert self._server is not None
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin. Raises OSError where the place cannot be had."""
        host, port, path = self._place
        kind = _UnixServer if path else _IPv6Server if ":" in host else ThreadingHTTPServer
        if path:
            Path(path).unlink(missing_ok=True)
        self._server = kind(path if path else (host, port), _handler(self.metrics))  # type: ignore[arg-type] # of three kinds
        self.metrics.begin()
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self.metrics.end()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        if self._place[2]:
            Path(self._place[2]).unlink(missing_ok=True)


class _IPv6Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6


class _UnixServer(ThreadingHTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        """Bind as any socket is; a path has no host name to look up."""
        self.socket.bind(self.server_address)
        Path(str(self.server_address)).chmod(0o660)
        self.server_name, self.server_port = "localhost", 0


def _handler(metrics: Metrics) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        timeout = _SECONDS

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(404)
                return
            content = metrics.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Log nothing: a monitor asks every few seconds."""

    return Answer
