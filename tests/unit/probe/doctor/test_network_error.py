"""Verdicts on servers that do not respond; the servers are real sockets."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from prompt_policy.probe.doctor.examination import DoctorOptions, examine_server
from prompt_policy.probe.doctor.verdict import DoctorVerdict


@contextmanager
def serve_connections(handle: Callable[[socket.socket], object]) -> Iterator[int]:
    """Handle each connection of a listening socket in a thread; yield its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):  # the client may disconnect first
                handle(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def examine(url: str, timeout_s: float = 5) -> DoctorVerdict:
    return examine_server(DoctorOptions(url, timeout_s=timeout_s)).verdict


def test_a_refused_connection_is_reported() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        verdict = examine(f"http://127.0.0.1:{reserved.getsockname()[1]}")
    assert (verdict.name, verdict.exit_code) == ("unreachable", 2)
    assert "Connection refused" in verdict.message


def test_an_unknown_host_is_reported() -> None:
    assert examine("http://no-such-host.invalid").name == "unknown-host"


def test_a_silent_server_times_out() -> None:
    done = threading.Event()
    with serve_connections(lambda _connection: done.wait(10)) as port:
        verdict = examine(f"http://127.0.0.1:{port}", 0.3)
        done.set()
    assert verdict.name == "timeout"


def test_keep_alive_comments_do_not_extend_the_timeout() -> None:
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        while not done.wait(0.05):
            connection.sendall(b": still here\n\n")

    with serve_connections(drip) as port:
        verdict = examine(f"http://127.0.0.1:{port}", 0.5)
        done.set()
    assert verdict.name == "timeout"


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.6\r\n", b""])
def test_a_server_of_another_protocol_is_reported(data: bytes) -> None:
    with serve_connections(lambda connection: connection.sendall(data)) as port:
        assert examine(f"http://127.0.0.1:{port}").name in ("not-http", "unreachable")


def test_https_to_a_server_without_tls_is_reported() -> None:
    with serve_connections(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        verdict = examine(f"https://127.0.0.1:{port}")
    assert verdict.name == "tls"
    assert "http://" in verdict.remedy


def write_certificate(path: Path) -> Path:
    """Write a self-signed certificate with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def test_a_certificate_of_an_unknown_authority_is_reported(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificate(tmp_path / "server.pem"))

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)

    with serve_connections(handle) as port:
        verdict = examine(f"https://localhost:{port}")
    assert verdict.name == "tls"
    assert "SSL_CERT_FILE" in verdict.remedy
