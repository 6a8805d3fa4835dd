"""The web server: pages in threads of their own beside the mail, bounded, and never in its way."""

import errno
import logging
import resource
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .site import Site

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from waitress.server import BaseWSGIServer

LOG = logging.getLogger("tickets.web")
THREADS = 4
MOST_CONNECTIONS = 400
# A request that is sent slower than this is given up.
CHANNEL_SECONDS = 20
HEADER_BYTES = 16_384
_BACKLOG = 128
_STOP_SECONDS = 5
# A page in the making lets a mail's thread go on after this, not after the 5 ms of Python: a mail waits some ten times
# for the database, and each time for its turn.
_TURN_SECONDS = 0.0001
# So long a page waits for the one before it. Longer ones wait for the database: a search, or a lock.
_GATE_SECONDS = 0.25
# Letters with a link to log in that are asked for at once; more are not written.
_MOST_LATER = 100


class WebServer:
    """Serves the pages of a site at one socket, which it has from the beginning; OSError if another program has it.

    `behind_proxy`: who asks is what the proxy on this machine says (X-Forwarded-For).
    """

    def __init__(
        self, host: str, port: int, path: str, site: Callable[["WebServer"], Site], *, behind_proxy: bool = False
    ) -> None:
        self.path = path
        self._socket = _unix_socket(Path(path)) if path else _tcp_socket(host, port)
        # Whoever asks before the pages are ready waits in this queue.
        self._socket.listen(_BACKLOG)
        self.address = path or "{}:{}".format(f"[{host}]" if ":" in host else host, self._socket.getsockname()[1])
        self.url = f"http+unix://{path}" if path else f"http://{self.address}"
        self.most_files = most_connections()
        self._site = site
        self._behind_proxy = behind_proxy
        self._server: BaseWSGIServer | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="web-letters")
        self._waiting = threading.Semaphore(_MOST_LATER)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        sys.setswitchinterval(_TURN_SECONDS)
        self._thread.start()

    def stop(self) -> None:
        """Finish the requests in hand, and end."""
        if self._thread.is_alive() and self._ready.wait(_STOP_SECONDS) and self._server is not None:
            self._server.task_dispatcher.shutdown(timeout=_STOP_SECONDS)
            self._server.trigger.pull_trigger(self._close)
            self._thread.join(_STOP_SECONDS)
        self._socket.close()
        self._worker.shutdown(cancel_futures=True)
        if self.path:
            Path(self.path).unlink(missing_ok=True)

    def later(self, work: Callable[[], None]) -> None:
        """Do something in a thread of its own, so that the answer in hand tells nothing of it."""
        if self._waiting.acquire(blocking=False):
            self._worker.submit(self._work, work)

    def _work(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            LOG.exception("a letter could not be written")
        finally:
            self._waiting.release()

    def _close(self) -> None:
        from waitress import wasyncore

        assert self._server is not None
        wasyncore.close_all(self._server._map, ignore_all=True)

    def _serve(self) -> None:
        """Load the pages and serve them; a fault here never touches the mail."""
        try:
            # Loaded here: mail is taken in meanwhile, and no command but the server needs it.
            from waitress.server import create_server

            from .application import make_application

            site = self._site(self)
            application = make_application(site)
            self._server = create_server(
                one_by_one(application), sockets=[self._socket], **self._bounds(site.max_bytes)
            )
            self._ready.set()
            # That a page waits for another one is no news.
            logging.getLogger("waitress.queue").setLevel(logging.ERROR)
            self._server.run()
        except Exception:
            LOG.exception("the web pages have ended")
        finally:
            self._ready.set()

    def _bounds(self, max_bytes: int) -> dict[str, Any]:
        trusted = {"trusted_proxy": "*" if self.path else "127.0.0.1", "trusted_proxy_headers": {"x-forwarded-for"}}
        return {
            "threads": THREADS,
            "connection_limit": self.most_files,
            "channel_timeout": CHANNEL_SECONDS,
            "cleanup_interval": CHANNEL_SECONDS // 4,
            "max_request_header_size": HEADER_BYTES,
            "max_request_body_size": max_bytes,
            "asyncore_use_poll": True,
            # Beyond it a thread would wait for the browser, however long: four slow readers would stop all pages.
            "outbuf_high_watermark": sys.maxsize,
            "ident": None,
            "clear_untrusted_proxy_headers": True,
            **(trusted if self._behind_proxy else {}),
        }


def one_by_one(application: "WSGIApplication", seconds: float = _GATE_SECONDS) -> "WSGIApplication":
    """Return the same pages, of which one is made at a time; each waits so many seconds at most for the one before it.

    Several in the making would each take a turn of the processor before the mail has its own.
    """
    gate = threading.Lock()

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        passed = gate.acquire(timeout=seconds)
        try:
            return application(environ, start_response)
        finally:
            if passed:
                gate.release()

    return answer


def most_connections() -> int:
    """Return how many connections are taken at once: few enough to leave most files to the mail."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files < 0 else max(8, min(MOST_CONNECTIONS, files // 4))


def _tcp_socket(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


def _unix_socket(path: Path) -> socket.socket:
    """Return a socket at a path that nobody listens at, for every account of this machine, as a port is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = socket.socket(socket.AF_UNIX)
    try:
        if made.connect_ex(str(path)) == 0:
            raise OSError(errno.EADDRINUSE, "another program listens there", str(path))
        made.close()
        made = socket.socket(socket.AF_UNIX)
        path.unlink(missing_ok=True)
        made.bind(str(path))
        path.chmod(0o666)
    except OSError:
        made.close()
        raise
    return made
