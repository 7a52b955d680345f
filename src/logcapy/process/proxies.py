"""The client behind proxies, told by those that are trusted.

Each proxy adds the address that it was called from at the right end, so the list is read from there; what stands
left of the first hop that is not trusted anybody may have written.

Source: https://www.rfc-editor.org/rfc/rfc7239
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

from logcapy._later import compiled

Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]
_Address: TypeAlias = IPv4Address | IPv6Address

#: More hops than any request takes; a list may be as long as a server lets a header be.
_MOST_HOPS: Final = 64
_FOR: Final = r'(?i)(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;"\s]*))\s*(?:;|$)'


def client_behind(
    peer: object, forwarded: Sequence[str], x_forwarded_for: Sequence[str], trusted: Networks
) -> str | None:
    """The address of the client; None if the peer is not trusted or nothing is known behind it.

    Where both headers are there and tell different things, neither is believed: a proxy that writes one of them may
    let the client's own word pass in the other.

    Args:
        peer: The address that the request came from directly.
        forwarded: The values of the ``Forwarded`` headers, in order.
        x_forwarded_for: The values of the ``X-Forwarded-For`` headers, in order.
        trusted: The networks of the proxies.
    """
    address = _address(peer) if isinstance(peer, str) else None
    if address is None or not _is_in(address, trusted):
        return None
    told = {
        _last_known(hops, trusted)
        for values, hops in ((forwarded, _forwarded_hops(forwarded)), (x_forwarded_for, _hops(x_forwarded_for)))
        if values
    }
    client = told.pop() if len(told) == 1 else None
    return None if client is None else str(client)


def _last_known(hops: Iterator[str], trusted: Networks) -> _Address | None:
    """The first hop that is not trusted; where the list ends or tells no address before, the last one that is."""
    known: _Address | None = None
    for hop in hops:
        address = _address(hop)
        if address is None:
            break
        known = address
        if not _is_in(address, trusted):
            break
    return known


def _hops(values: Sequence[str]) -> Iterator[str]:
    """The elements of a list header from the right.

    A comma within quotes parts elements too: no address has one, and a quote that a client has opened and not closed
    must not swallow what a proxy wrote after it.
    """
    elements = ",".join(values).rsplit(",", _MOST_HOPS)
    return iter(elements[: -_MOST_HOPS - 1 : -1])


def _forwarded_hops(values: Sequence[str]) -> Iterator[str]:
    for element in _hops(values):
        found = compiled(_FOR).search(element)
        yield "" if found is None else found[1] or found[2] or ""


def _address(node: str) -> _Address | None:
    """The address of ``1.2.3.4``, ``1.2.3.4:80``, ``[::1]``, ``[::1]:80`` or ``::1``; None of what is none of them."""
    node = node.strip()
    if node.startswith("["):
        node = node[1:].partition("]")[0]
    elif node.count(":") == 1:
        node = node.partition(":")[0]
    try:
        address = ip_address(node)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:  # any text may stand after the percent sign
            return None
        return address.ipv4_mapped or address
    return address


def _is_in(address: _Address, networks: Networks) -> bool:
    return any(address in network for network in networks)
