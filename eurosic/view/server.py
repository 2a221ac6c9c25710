"""The server behind the viewer: pages, answers and store files to this machine alone.

*Enters:* a `Site`. *Leaves:* HTTP answers on the loopback interface. Reads files below the roots it is given and
nothing else; writes nothing. Names of other hosts are refused, lest a page elsewhere reads the run by a name that
it lets point here (DNS rebinding). *Source:* RFC 9110; Content Security Policy Level 3.
"""

from __future__ import annotations

import email.utils
import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from eurosic.base.errors import EurosicError, StoreError
from eurosic.view.ranges import Span, UnsatisfiableRangeError, spans_of
from eurosic.view.site import BadQueryError, NotThereError, Site

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")
_BLOCK = 1 << 16
# Seconds after which a connection that says nothing is closed.
_IDLE = 60
# The page loads nothing but itself, and nobody frames it.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}
_BYTES = "application/octet-stream"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    site: Site

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that was closed, for it is no fault; tell of all else as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    server: _Server

    def do_GET(self) -> None:
        """Answer a request."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer a request without its body."""
        self._answer()

    def _answer(self) -> None:
        self._begun = False
        try:
            self._dispatch()
        except (NotThereError, UnicodeDecodeError):
            self._refuse(HTTPStatus.NOT_FOUND, "not there")
        except BadQueryError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except (EurosicError, OSError) as error:
            # A browser that has lost interest takes no answer, and half an answer cannot be taken back.
            if isinstance(error, ConnectionError) or self._begun:
                self.close_connection = True
            else:
                # What the system says of a file names its path, which is nobody's business.
                why = str(error.strerror) if isinstance(error, OSError) else str(error)
                self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, why)

    def _dispatch(self) -> None:
        if not self._is_addressed_here():
            self._refuse(HTTPStatus.FORBIDDEN, "this page is served to its own machine, by its own address")
            return
        url = self._asked()
        answer = self.server.site.answers.get(url.path)
        if answer is None:
            self._send_file(self.server.site.file("index.html" if url.path == "/" else url.path))
            return
        told = answer({name: values[-1] for name, values in parse_qs(url.query).items()})
        if isinstance(told, bytes):
            self._send(HTTPStatus.OK, told, {"Content-Type": _BYTES})
        else:
            self._send(HTTPStatus.OK, json.dumps(told).encode(), {"Content-Type": _TYPES[".json"]})

    def _asked(self) -> SplitResult:
        try:
            return urlsplit(self.path)
        except ValueError as error:
            raise BadQueryError(f"the address cannot be read ({error})") from error

    def _is_addressed_here(self) -> bool:
        port = self.server.server_address[1]
        asked = self.headers.get_all("Host") or []
        return len(asked) == 1 and asked[0].lower() in {f"{name}:{port}" for name in _NAMES}

    def _send_file(self, path: Path) -> None:
        stat = path.stat()
        tag = f'"{stat.st_size:x}-{stat.st_mtime_ns:x}"'
        headers = {
            "Content-Type": _TYPES.get(path.suffix, _BYTES),
            "Accept-Ranges": "bytes",
            "ETag": tag,
            "Last-Modified": email.utils.formatdate(stat.st_mtime, usegmt=True),
        }
        if self.headers.get("If-None-Match") == tag:
            self._send(HTTPStatus.NOT_MODIFIED, b"", headers)
            return
        # A part of another version than the one that the reader holds would be worse than the whole.
        asked = self.headers.get("Range") if self.headers.get("If-Range", tag) == tag else None
        try:
            spans = spans_of(asked, stat.st_size) if self.command == "GET" else None
        except UnsatisfiableRangeError:
            headers["Content-Range"] = f"bytes */{stat.st_size}"
            self._send(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"", headers)
            return
        self._send_spans(path, stat.st_size, spans, headers)

    def _send_spans(self, path: Path, size: int, spans: list[Span] | None, headers: dict[str, str]) -> None:
        parts = [(b"", span) for span in spans or [(0, size)]]
        if spans and len(spans) == 1:
            headers["Content-Range"] = _content_range(spans[0], size)
        elif spans:
            boundary = secrets.token_hex(12)
            kind = headers["Content-Type"]
            parts = [(_part_head(boundary, kind, span, size), span) for span in spans]
            parts.append((f"\r\n--{boundary}--\r\n".encode(), (0, 0)))
            headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
        length = sum(len(head) + stop - start for head, (start, stop) in parts)
        self._begin(HTTPStatus.PARTIAL_CONTENT if spans else HTTPStatus.OK, length, headers)
        if self.command == "HEAD":
            return
        with path.open("rb") as stream:
            for head, span in parts:
                self.wfile.write(head)
                for block in _blocks(stream.fileno(), span):
                    self.wfile.write(block)

    def _send(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        self._begin(status, len(body), headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: HTTPStatus, length: int, headers: Mapping[str, str]) -> None:
        self._begun = True
        self.send_response(status)
        fixed = {
            "Content-Length": str(length),
            # Another run may be served at the same address tomorrow.
            "Cache-Control": "no-cache",
            "Content-Security-Policy": _POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        for name, value in {**fixed, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(status, f"{why}\n".encode(), {"Content-Type": "text/plain; charset=utf-8"})

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: a terminal full of requests hides the address."""


def _content_range(span: Span, size: int) -> str:
    return f"bytes {span[0]}-{span[1] - 1}/{size}"


def _part_head(boundary: str, kind: str, span: Span, size: int) -> bytes:
    said = f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {_content_range(span, size)}\r\n\r\n"
    return said.encode()


def _blocks(descriptor: int, span: Span) -> Iterator[bytes]:
    start, stop = span
    while start < stop:
        block = os.pread(descriptor, min(_BLOCK, stop - start), start)
        if not block:
            # The file has shrunk meanwhile; what was promised cannot be kept, and the connection ends.
            raise ConnectionAbortedError
        yield block
        start += len(block)


def open_server(site: Site, *, port: int = 0) -> ThreadingHTTPServer:
    """Return a server of a site on the loopback interface, not yet serving; port 0 is any that is free.

    Raises
    ------
    StoreError
        If the port is taken.
    """
    try:
        server = _Server((HOST, port), _Handler)
    except OSError as error:
        raise StoreError(
            f"port {port}",
            f"cannot be listened on ({error.strerror})",
            wanted="a port that is free",
            do="Choose another --port, or none.",
        ) from error
    server.site = site
    return server


def address_of(server: ThreadingHTTPServer) -> str:
    """Return where a server is found."""
    return f"http://{HOST}:{server.server_address[1]}/"
