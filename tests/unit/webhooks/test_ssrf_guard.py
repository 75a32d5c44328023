"""Where webhooks may go: an address by address table of what must be refused."""

from __future__ import annotations

import pytest

from jobs.errors import AddressNotAllowedError, InvalidWebhookError
from jobs.webhooks.ssrf_guard import checked_addresses, is_public, lookup, parse_target

NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # metadata, Alibaba
    "127.0.0.1",
    "127.8.9.10",
    "168.63.129.16",  # the platform, Azure
    "169.254.169.254",  # metadata, nearly everywhere
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # metadata, Oracle
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata, Amazon
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "example.com",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    """Nothing of this machine, this network or a cloud's insides counts as public."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_address_of_the_internet_is_public(address: str) -> None:
    """Addresses that anybody can reach are taken."""
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://example.com/", AddressNotAllowedError),
        ("https://example.com:22/", AddressNotAllowedError),
        ("https://example.com:6379/", AddressNotAllowedError),
        ("ftp://example.com/", InvalidWebhookError),
        ("file:///etc/passwd", InvalidWebhookError),
        ("gopher://example.com/", InvalidWebhookError),
        ("//example.com/", InvalidWebhookError),
        ("https://", InvalidWebhookError),
        ("https:///path", InvalidWebhookError),
        ("https://example.com:0/", InvalidWebhookError),
        ("https://example.com:99999/", InvalidWebhookError),
        ("https://[::1/", InvalidWebhookError),
        ("https://user:secret@example.com/", InvalidWebhookError),
        ("https://example.com@127.0.0.1/", InvalidWebhookError),
        ("https://example.com\\@127.0.0.1/", InvalidWebhookError),
        ("https://exa\tmple.com/", InvalidWebhookError),
        ("https://example.com/\r\nHost: other", InvalidWebhookError),
        ("https://example.com/#part", InvalidWebhookError),
        ("https://ⓔxample.com/", InvalidWebhookError),
        ("https://example.com/" + "x" * 2000, InvalidWebhookError),
    ],
)
def test_hostile_url_is_refused(url: str, error: type[InvalidWebhookError]) -> None:
    """What is no plain public HTTPS address is refused before any name is looked up."""
    with pytest.raises(error):
        parse_target(url, frozenset())


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost."])
def test_address_in_disguise_is_refused(host: str) -> None:
    """Loopback written in numbers, octal or with a dot is seen for what it is."""
    with pytest.raises(InvalidWebhookError):
        checked_addresses(parse_target(f"https://{host}/", frozenset()), lookup)


def test_host_that_also_leads_inside_is_refused() -> None:
    """One private address among public ones is enough: which is connected to is chance."""
    target = parse_target("https://example.com/", frozenset())
    with pytest.raises(AddressNotAllowedError, match="WEBHOOK_ALLOWED_HOSTS"):
        checked_addresses(target, lambda _host, _port: ["8.8.8.8", "10.0.0.1"])
    assert checked_addresses(target, lambda _host, _port: ["8.8.8.8"]) == ["8.8.8.8"]


def test_host_that_cannot_be_found_is_said_to_be() -> None:
    """A misspelled host is not a mystery."""

    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(InvalidWebhookError, match="cannot be found"):
        checked_addresses(parse_target("https://exampel.com/", frozenset()), unknown)


def test_allowed_host_may_be_anywhere() -> None:
    """What an operator names is reached by HTTP, on any port, wherever it is."""
    target = parse_target("http://Hooks.Internal:9000/a?b=c", {"hooks.internal"})
    assert (target.host_header, target.path) == ("hooks.internal:9000", "/a?b=c")
    assert checked_addresses(target, lambda _host, _port: ["10.0.0.1"]) == ["10.0.0.1"]
    with pytest.raises(AddressNotAllowedError):
        parse_target("http://x.hooks.internal:9000/", {"hooks.internal"})
