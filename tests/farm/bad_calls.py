# SPDX-License-Identifier: Apache-2.0
"""Calls that begin and do not go on, as bytes."""

from __future__ import annotations

__all__ = ["BEGIN", "begun_call"]


def _h2(kind: int, stream: int, data: bytes) -> bytes:
    return len(data).to_bytes(3, "big") + bytes([kind, 4 if kind == 1 else 0]) + stream.to_bytes(4, "big") + data


def begun_call(stream: int) -> bytes:
    """The headers of a call, as HTTP/2 has them, without the message that has to follow."""
    path = "/cue.CueInterface/GetSystemStats"
    headers = [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"), ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]  # fmt: skip
    packed = b"".join(b"\0" + bytes([len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in headers)
    return _h2(1, stream, packed)


#: What a client of HTTP/2 says first.
BEGIN = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _h2(4, 0, b"")
