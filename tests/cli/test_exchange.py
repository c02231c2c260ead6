"""One request over HTTP and its answer, whatever shape the answer has."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver.cli.exchange import Broken, Exchange
from tests.cli.canned import LONG, Serve

OK = b"HTTP/1.1 200 OK\r\n"


def exchanged(address: str, timeout: float = LONG) -> tuple[int, bytes]:
    exchange = Exchange(address, timeout)
    try:
        exchange.send("/path", {"Accept": "text/plain"}, b"the body END")
        return exchange.receive()
    finally:
        exchange.close()


def test_the_request_is_whole(serve: Serve) -> None:
    server = serve(OK + b"Content-Length: 0\r\n\r\n")

    exchanged(server.address + "/below/")

    head, _, body = server.asked.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /below/path HTTP/1.1",
        b"Host: 127.0.0.1:%d" % server.port,
        b"Connection: close",
        b"Content-Length: 12",
        b"Accept: text/plain",
    ]
    assert body == b"the body END"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\n\r\nhello",
        OK + b"content-length:5\r\nX: y\r\n\r\nhello and what is none of it",
        OK + b"\r\nhello",
        b"HTTP/1.0 200 Fine\r\n\r\nhello",
        b"HTTP/1.1 200\r\n\r\nhello",
        b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: Chunked\r\n\r\n1;a=b\r\nh\r\n004\r\nello\r\n0\r\nX: y\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"\r\nhello",
    ],
)
@pytest.mark.parametrize("in_pieces", [False, True])
def test_every_kind_of_answer_is_read(answer: bytes, in_pieces: bool, serve: Serve) -> None:
    pieces = [bytes([byte]) for byte in answer] if in_pieces else [answer]

    assert exchanged(serve(*pieces).address) == (200, b"hello")


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ],
)
def test_an_answer_ends_where_it_says_and_not_with_the_connection(
    answer: bytes, serve: Serve
) -> None:
    began = time.monotonic()

    assert exchanged(serve(answer, stays_open=True).address) == (200, b"hello")

    assert time.monotonic() - began < LONG / 2


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_is_not_waited_for(status: int, serve: Serve) -> None:
    server = serve(b"HTTP/1.1 %d X\r\n\r\n" % status, stays_open=True)

    assert exchanged(server.address, timeout=2) == (status, b"")


def test_a_long_answer_is_read_whole(serve: Serve) -> None:
    body = b"x" * 700_000

    assert exchanged(serve(OK + b"Content-Length: 700000\r\n\r\n" + body).address) == (200, body)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        OK,
        OK + b"Content-Length: 6\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_none(answer: bytes, serve: Serve) -> None:
    with pytest.raises(Broken, match="its answer broke off"):
        exchanged(serve(answer).address)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 +20 OK\r\n\r\n",
        OK + b"Content-Length: -5\r\n\r\nhello",
        OK + b"Content-Length: 1_0\r\n\r\nhello",
        OK + b"Content-Length: five\r\n\r\nhello",
        OK + b"Content-Length: 99999999999\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_http_is_told(answer: bytes, serve: Serve) -> None:
    with pytest.raises(Broken, match="what is no HTTP"):
        exchanged(serve(answer).address)


def test_a_coding_that_nobody_asked_for_is_told(serve: Serve) -> None:
    with pytest.raises(Broken, match="transfer coding"):
        exchanged(serve(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n").address)


@pytest.mark.parametrize("ending", [b"\r\n", b"Content-Length: 9999999\r\n\r\n", b"X: "])
def test_an_answer_without_end_is_given_up(ending: bytes, serve: Serve) -> None:
    server = serve(OK + ending, b"x" * 1_100_000, stays_open=True)

    with pytest.raises(Broken, match="does not end"):
        exchanged(server.address)


@pytest.mark.parametrize("pieces", [[], [b"HTTP/1.1 200 OK\r\nX: " + b"x"], [b"."] * 600])
def test_all_together_takes_the_time_it_may(pieces: list[bytes], serve: Serve) -> None:
    began = time.monotonic()

    with pytest.raises((TimeoutError, Broken)):
        exchanged(serve(*pieces, stays_open=True).address, timeout=0.3)

    assert time.monotonic() - began < 1.0


def test_where_nothing_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    with pytest.raises(ConnectionRefusedError):
        exchanged(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST"])
def test_each_address_of_a_name_is_tried(host: str, serve: Serve) -> None:
    server = serve(OK + b"\r\nhello")  # on IPv4 alone, where the name may have both

    assert exchanged(f"http://{host}:{server.port}") == (200, b"hello")


def test_ipv6_is_spoken(serve: Serve) -> None:
    try:
        server = serve(OK + b"\r\nhello", host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")

    assert exchanged(f"http://[::1]:{server.port}/feeds") == (200, b"hello")
    assert b"\r\nHost: [::1]:%d\r\n" % server.port in server.asked


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("http://feeds.example", "http://feeds.example"),
        ("HTTPS://Feeds.Example:8443/t/x", "HTTPS://Feeds.Example:8443"),
        ("http://[::1]/", "http://[::1]"),
    ],
)
def test_the_origin_is_the_address_without_its_path(address: str, origin: str) -> None:
    assert Exchange(address, LONG).origin == origin


@pytest.mark.parametrize(
    "address",
    """
    feeds.example 127.0.0.1:8000 ftp://feeds.example file:///etc/passwd http:// http:///x
    http://:80 http://host:0 http://host:65536 http://host:x http://host: http://host:+80
    http://host:٣ http://me:s3cret@host http://host/?x=1 http://host/#x http://host?x
    http://ho\x00st http://::1:80 http://[::1 http://[::1]x http://bücher.example
    http://host\\evil http://a@b http://[::1]@c
    """.split(),
)
def test_what_is_no_address_of_a_server_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no address of a server"):
        Exchange(address, LONG)


@pytest.mark.parametrize("address", ["http://a b", "http://host/a b", "http://host/\r\nX: y", ""])
def test_an_address_cannot_carry_a_header(address: str) -> None:
    with pytest.raises(ValueError, match="no address of a server"):
        Exchange(address, LONG)


class TestTls:
    """https, with a certificate of the test's own."""

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        path = tmp_path / "server.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
                *("-keyout", str(path), "-out", str(tmp_path / "certificate.pem")),
            ],
            check=True,
            capture_output=True,
        )
        with path.open("ab") as file:
            file.write((tmp_path / "certificate.pem").read_bytes())
        return path

    @pytest.fixture
    def address(self, certificate: Path) -> Iterator[str]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening = socket.create_server(("127.0.0.1", 0))

        def answer() -> None:
            connection, _ = listening.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    asked = b""
                    while not asked.endswith(b"END"):
                        asked += secured.recv(65536)
                    secured.sendall(OK + b"Content-Length: 5\r\n\r\nhello")
            except OSError:  # the client does not trust the certificate
                connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"https://localhost:{listening.getsockname()[1]}"
        thread.join(LONG)
        listening.close()

    def test_it_is_spoken_with_a_server_that_is_trusted(
        self, address: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        assert exchanged(address) == (200, b"hello")

    def test_a_server_that_is_not_trusted_is_sent_nothing(self, address: str) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            exchanged(address)

    def test_a_server_of_another_name_is_sent_nothing(
        self, address: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        with pytest.raises(ssl.SSLCertVerificationError):
            exchanged(address.replace("localhost", "127.0.0.1"))

    def test_a_server_that_speaks_no_tls_is_told(self, serve: Serve) -> None:
        server = serve(OK)
        address = server.address.replace("http", "https")

        with pytest.raises(OSError, match=r"."):
            exchanged(address, timeout=0.3)
