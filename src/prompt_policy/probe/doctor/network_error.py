"""Verdicts on a server that does not respond."""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPException

from prompt_policy.net import describe_error
from prompt_policy.probe.doctor.failed_response import clean
from prompt_policy.probe.doctor.verdict import DoctorVerdict


def judge_network_error(url: str, error: OSError | HTTPException, timeout_s: float) -> DoctorVerdict:
    """Return the verdict on a request that received no response."""
    reason = getattr(error, "reason", error)  # urllib wraps the original error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return DoctorVerdict(
            "tls",
            f"{url}: the certificate cannot be verified ({reason.verify_message})",
            "name the server as in its certificate, or name the file of its authority in SSL_CERT_FILE",
        )
    if isinstance(reason, ssl.SSLError):
        return DoctorVerdict(
            "tls", f"{url}: no TLS connection ({reason.reason})", "use http:// if the server does not use TLS"
        )
    if isinstance(reason, TimeoutError):
        return DoctorVerdict(
            "timeout",
            f"{url}: no complete answer within {timeout_s:g} s",
            "see the log of the server and of its backend, or raise --timeout",
        )
    if isinstance(reason, socket.gaierror):
        return DoctorVerdict(
            "unknown-host", f"{url}: the host name is unknown", "check the URL, and the DNS of this machine"
        )
    if isinstance(reason, HTTPException):
        shown = clean(describe_error(reason)) or type(reason).__name__
        return DoctorVerdict(
            "not-http", f"{url}: no HTTP response ({shown})", "check the port; use https:// if it uses TLS"
        )
    return DoctorVerdict(
        "unreachable", f"{url}: {describe_error(error)}", "start the server, or check host and port of the URL"
    )
