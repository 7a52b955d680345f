"""What exporters over gRPC have in common."""

from __future__ import annotations

import re

#: How servers in C++ and Go, Java, proxies, and Google's APIs say it; the client says it of an answer, which is another
#: matter.
MESSAGE_TOO_LARGE = re.compile(
    r"(?!.*CLIENT: ).*(larger than max|exceeds maximum size|too large|payload size exceeds)", re.I | re.S
)
NO_ANSWER = re.compile(
    r"failed to connect|connection refused|DNS resolution failed|socket closed|connection reset", re.I
)
TLS_FAILED = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER|hostname verification check failed|not in peer certificate", re.I
)
RECONNECT_OPTIONS = (
    # A server that is back is found again within seconds, where gRPC's own backoff goes to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5000),
    # Connections are shared among channels otherwise: a forked child's channel would get its parent's.
    ("grpc.use_local_subchannel_pool", 1),
)
