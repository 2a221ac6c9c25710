"""Law: files below their roots are served byte for byte and part by part, to this machine; nothing else is."""

from __future__ import annotations

import email
import errno
import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from eurosic.base.errors import StoreError
from eurosic.view.server import HOST, address_of, open_server
from eurosic.view.site import BadQueryError, NotThereError, Site

WHOLE = bytes(range(256)) * 1000
SECRET = b"not to be seen"


def _ask(query):
    if "bad" in query:
        raise BadQueryError("bad is no word")
    if "broken" in query:
        raise StoreError("shard 7", "cannot be read")
    return b"raw" if "raw" in query else {"told": query.get("say", "")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page, a root with a file, links out of it, and a file that lies outside."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "page").mkdir()
    (folder / "page" / "index.html").write_text("<title>page</title>")
    (folder / "page" / "a.js").write_text("1;")
    store = folder / "run" / "projection.zarr" / "c"
    store.mkdir(parents=True)
    (store / "0").write_bytes(WHOLE)
    (store / "empty").write_bytes(b"")
    (store / "a b").write_bytes(b"blank")
    (folder / "run" / "secret").write_bytes(SECRET)
    (store / "link").symlink_to(folder / "run" / "secret")
    (folder / "run" / "projection.zarr.old").mkdir()
    (folder / "run" / "projection.zarr.old" / "x").write_bytes(SECRET)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[object]:
    """The server of that folder."""
    site = Site(
        folder / "page", {"/ask": _ask}, {"store/projection.zarr": folder / "run" / "projection.zarr"}
    )
    with open_server(site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _get(server, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(HOST, server.server_address[1], timeout=10)
    connection.request(method, path, headers={key.replace("_", "-"): value for key, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


FILE = "/store/projection.zarr/c/0"


# --- files ---


def test_a_file_is_served_whole(server):
    """With its length, and the word that parts can be had."""
    answer, body = _get(server, FILE)
    assert (answer.status, body) == (200, WHOLE)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == str(len(WHOLE))


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1000-1999", 1000, 2000),
        ("bytes=-20", len(WHOLE) - 20, None),
        ("bytes=70000-", 70000, None),
    ],
)
def test_a_part_is_served_as_asked(server, asked, start, stop):
    """206, the bytes, and where they stand."""
    answer, body = _get(server, FILE, Range=asked)
    assert (answer.status, body) == (206, WHOLE[start:stop])
    last = (stop or len(WHOLE)) - 1
    assert answer.headers["Content-Range"] == f"bytes {start}-{last}/{len(WHOLE)}"


def test_several_parts_are_served_together(server):
    """As multipart/byteranges, each with its place."""
    answer, body = _get(server, FILE, Range="bytes=5-9, 100-199, -3")
    assert answer.status == 206
    assert int(answer.headers["Content-Length"]) == len(body)
    message = email.message_from_bytes(
        b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n" + body
    )
    parts = message.get_payload()
    assert [part.get_payload(decode=True) for part in parts] == [WHOLE[5:10], WHOLE[100:200], WHOLE[-3:]]
    assert parts[1]["Content-Range"] == f"bytes 100-199/{len(WHOLE)}"


def test_a_part_beyond_the_end_is_refused(server):
    """416, with the length, so that the reader can ask again."""
    answer, body = _get(server, FILE, Range=f"bytes={len(WHOLE)}-")
    assert (answer.status, body) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(WHOLE)}"
    assert _get(server, "/store/projection.zarr/c/empty", Range="bytes=0-")[0].status == 416


def test_nonsense_gets_the_whole(server):
    """A range that is not understood counts as none."""
    for asked in ("bytes=9-3", "rows=1-2", "bytes=x"):
        answer, body = _get(server, FILE, Range=asked)
        assert (answer.status, body) == (200, WHOLE)


def test_a_part_of_an_older_version_is_not_served(server, folder):
    """If-Range with another tag gets the whole; with this one, the part. An unchanged file is not sent again."""
    tag = _get(server, FILE, "HEAD")[0].headers["ETag"]
    assert _get(server, FILE, Range="bytes=0-1", If_Range='"other"')[1] == WHOLE
    assert _get(server, FILE, Range="bytes=0-1", If_Range=tag)[1] == WHOLE[:2]
    answer, body = _get(server, FILE, If_None_Match=tag)
    assert (answer.status, body) == (304, b"")


def test_a_head_has_no_body(server):
    """And says what the file would be, whatever range is asked for."""
    answer, body = _get(server, FILE, "HEAD", Range="bytes=0-1")
    assert (answer.status, body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(WHOLE))


def test_names_may_be_written_in_percent(server):
    """A blank is %20."""
    assert _get(server, "/store/projection.zarr/c/a%20b")[1] == b"blank"


def test_one_connection_takes_many_requests(server):
    """Range readers keep it open."""
    connection = http.client.HTTPConnection(HOST, server.server_address[1], timeout=10)
    for start in range(0, 50, 10):
        connection.request("GET", FILE, headers={"Range": f"bytes={start}-{start + 9}"})
        assert connection.getresponse().read() == WHOLE[start : start + 10]
    connection.close()


def test_a_browser_that_is_closed_is_no_fault(server, capsys):
    """A connection that is reset amid its answer leaves no traceback, and the server goes on."""
    with socket.create_connection((HOST, server.server_address[1]), timeout=10) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.sendall(f"GET {FILE} HTTP/1.1\r\nHost: {HOST}:{server.server_address[1]}\r\n\r\nGET".encode())
        raw.recv(10)
    assert _get(server, FILE)[1] == WHOLE
    assert "Traceback" not in capsys.readouterr().err


# --- what is not served ---


@pytest.mark.parametrize(
    "path",
    [
        "/store/projection.zarr/../secret",
        "/store/projection.zarr/c/../../secret",
        "/store/projection.zarr/%2e%2e/secret",
        "/store/projection.zarr/..%2fsecret",
        "/store/projection.zarr/%2e%2e%2fsecret",
        "/store/projection.zarr/c/link",
        "/store/projection.zarr/c/0/",
        "/store/projection.zarr//c/0",
        "/store/projection.zarr/./c/0",
        "/store/projection.zarr/c",
        "/store/projection.zarr",
        "/store/projection.zarr.old/x",
        "/store/secret",
        "/store//etc/passwd",
        "//etc/passwd",
        "/../run/secret",
        "/%2e%2e/run/secret",
        "/..%5crun%5csecret",
        "/a.js%00.html",
        "/%ff%fe",
        "/nothing",
        "/page/",
    ],
)
def test_no_path_leads_out_of_its_root(server, path):
    """Neither by dots, nor by their codes, nor by a link."""
    answer, body = _get(server, path)
    assert answer.status == 404
    assert SECRET not in body


def test_an_absolute_address_is_read_as_its_path(server):
    """As a proxy would write it; it opens no other file."""
    here = f"{HOST}:{server.server_address[1]}"
    assert _get(server, "http://example.com/etc/passwd", Host=here)[0].status == 404


@pytest.mark.parametrize(
    "host", ["example.com", "example.com:80", "127.0.0.1", "127.0.0.1.example.com", "", "[::1]"]
)
def test_other_names_are_refused(server, host):
    """A page elsewhere whose name points here reads nothing."""
    answer, body = _get(server, FILE, Host=host)
    assert answer.status == 403
    assert WHOLE[:10] not in body


def test_a_request_without_a_name_or_with_two_is_refused(server):
    """Old or crafted."""
    port = server.server_address[1]
    for said in ("", f"Host: {HOST}:{port}\r\nHost: example.com\r\n"):
        with socket.create_connection((HOST, port), timeout=10) as raw:
            raw.sendall(f"GET {FILE} HTTP/1.1\r\n{said}Connection: close\r\n\r\n".encode())
            answer = raw.recv(1000)
        assert b" 403 " in answer.splitlines()[0]


def test_localhost_is_this_machine(server):
    """By name, too."""
    assert _get(server, "/", Host=f"localhost:{server.server_address[1]}")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written(server, method):
    """Only GET and HEAD are known."""
    assert _get(server, FILE, method)[0].status == 501


def test_it_listens_on_the_loopback_interface(server):
    """And on no other."""
    assert server.server_address[0] == HOST
    assert address_of(server) == f"http://127.0.0.1:{server.server_address[1]}/"


def test_the_page_may_load_nothing_but_itself(server):
    """Said in every answer's policy."""
    answer, body = _get(server, "/")
    assert body == b"<title>page</title>"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert _get(server, "/a.js")[0].headers["Content-Type"].startswith("text/javascript")


# --- answers ---


def test_answers_are_json_or_bytes(server):
    """By what the answer is."""
    assert _get(server, "/ask?say=%C3%A9")[1] == b'{"told": "\\u00e9"}'
    answer, body = _get(server, "/ask?raw=1")
    assert (body, answer.headers["Content-Type"]) == (b"raw", "application/octet-stream")


def test_errors_are_told(server, folder):
    """A question that makes no sense is 400; a store that cannot be read is 500; the server goes on."""
    answer, body = _get(server, "/ask?bad=1")
    assert (answer.status, body) == (400, b"bad is no word\n")
    answer, body = _get(server, "/ask?broken=1")
    assert answer.status == 500
    assert b"shard 7: cannot be read" in body
    assert _get(server, FILE)[0].status == 200
    with pytest.raises(NotThereError):
        Site(folder, {}, {}).file("/gone")


@pytest.mark.parametrize(
    ("line", "header", "status"),
    [
        ("http://[/x", "", 400),
        ("http://[::1/x", "", 400),
        (FILE, "Range: bytes=0-" + "9" * 5000, 200),
        ("/" + "a" * 5000, "", 404),
        ("/store/projection.zarr/c/" + "a" * 300, "", 404),
        ("/store/projection.zarr/c/loop", "", 404),
        ("/cell?level=" + "9" * 5000, "", 404),
    ],
)
def test_a_malformed_request_is_answered(server, folder, capsys, line, header, status):
    """With its status, without a word in the terminal, and without telling where the run lies."""
    loop = folder / "run" / "projection.zarr" / "c" / "loop"
    if not loop.is_symlink():
        loop.symlink_to(loop)
    port = server.server_address[1]
    said = f"{header}\r\n" if header else ""
    with socket.create_connection((HOST, port), timeout=10) as raw:
        raw.sendall(f"GET {line} HTTP/1.1\r\nHost: {HOST}:{port}\r\n{said}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(1 << 16), b""))
    assert f" {status} ".encode() in answer.splitlines()[0]
    assert str(folder).encode() not in answer
    assert "Traceback" not in capsys.readouterr().err
    assert _get(server, FILE)[1] == WHOLE


def test_a_disk_that_fails_is_told_without_its_path(server, folder, monkeypatch):
    """What the system says, not where the run lies."""

    def fail(self: Path, **_: object) -> object:
        raise OSError(errno.EIO, "Input/output error", str(self))

    monkeypatch.setattr(server.site.__class__, "file", lambda *_: folder / "page" / "a.js")
    monkeypatch.setattr(Path, "stat", fail)
    answer, body = _get(server, "/a.js")
    assert (answer.status, body) == (500, b"Input/output error\n")


def test_a_port_that_is_taken_is_told(server, folder):
    """As an error of use."""
    with pytest.raises(StoreError, match="Choose another --port"):
        open_server(Site(folder, {}, {}), port=server.server_address[1])
