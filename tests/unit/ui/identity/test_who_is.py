"""Who is asking where people sign in: at an OpenID provider, or at a reverse proxy."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

from jobs.errors import AmbiguousProxyUserError, UntrustedProxyError
from jobs.settings import Settings
from tests.logins import SECRET as LOGIN_SECRET
from tests.logins import login_cookies, use_login_secret
from ui.identity import people
from ui.identity.browser_cookie import Signer
from ui.identity.people import Person

MakeSettings = Callable[..., Settings]
PROXY = "10.0.0.2"
SECRET = "a secret"
FIRST_CHUNK = "_streamlit_user_1"


class Installation:
    """An installation whose settings a test chooses."""

    def __init__(self, make_settings: MakeSettings) -> None:
        self._make_settings = make_settings
        self.choose()

    def choose(self, **values: object) -> None:
        self._settings = self._make_settings(secret_key=SECRET, **values)

    def who_is(self, asked: HTTPConnection) -> Person | None:
        return people.who_is(asked, self._settings)


@pytest.fixture
def here(make_settings: MakeSettings) -> Installation:
    return Installation(make_settings)


def connection(
    peer: str | None = None,
    cookies: Mapping[str, str] | None = None,
    headers: tuple[tuple[str, bytes], ...] = (),
) -> HTTPConnection:
    cookie = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    return HTTPConnection(
        {
            "type": "http",
            "client": (peer, 1234) if peer else None,
            "headers": [
                (b"cookie", cookie.encode()),
                *((name.lower().encode(), value) for name, value in headers),
            ],
        }
    )


# By a proxy


def by_proxy(here: Installation, name: bytes, peer: str | None = PROXY) -> Person | None:
    return here.who_is(connection(peer, headers=(("X-Forwarded-User", name),)))


@pytest.mark.parametrize(
    ("trusted", "peer"),
    [
        (PROXY, PROXY),
        ("192.168.0.1, 10.0.0.0/8", PROXY),
        ("10.0.0.0/8", "::ffff:10.0.0.2"),  # as a server of both families sees it
        ("fd00::/8", "fd00::7"),
    ],
)
def test_trusted_peer_is_believed(here: Installation, trusted: str, peer: str) -> None:
    """A name from one of TRUSTED_PROXIES, an address or in a network, is who is asking."""
    here.choose(auth_mode="proxy", trusted_proxies=trusted)
    assert by_proxy(here, b"ann", peer) == Person("p-ann", "ann", known_as=("ann", "p-ann"))


@pytest.mark.parametrize("peer", ["10.0.0.3", "127.0.0.1", "::1", "testclient", None])
@pytest.mark.parametrize("name", [b"ann", b""])
def test_name_from_anybody_else_is_refused(here: Installation, peer: str, name: bytes) -> None:
    """It is never ignored, so that nobody becomes somebody by being mistaken."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY)
    with pytest.raises(UntrustedProxyError, match="TRUSTED_PROXIES"):
        by_proxy(here, name, peer)


def test_proxy_that_names_nobody_has_nobody_signed_in(here: Installation) -> None:
    """Without a name, or with an empty one, nobody is; a browser's own cookie does not count."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY)
    signer = Signer(SECRET)
    assert here.who_is(connection(PROXY, {signer.cookie_name: signer.new_cookie()})) is None
    assert by_proxy(here, b" ") is None


@pytest.mark.parametrize(
    "names", [(b"ann", b"bob"), (b"ann", b"ann"), (b"ann", b""), (b"x" * 500,)]
)
def test_odd_names_are_refused(here: Installation, names: tuple[bytes, ...]) -> None:
    """A proxy that adds to a header that its client sent leaves it open which name is true."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY)
    with pytest.raises(AmbiguousProxyUserError):
        here.who_is(connection(PROXY, headers=tuple(("X-Forwarded-User", name) for name in names)))


@pytest.mark.parametrize(
    "sign",
    [
        *"\u00a0\u1680\u2003\u2007\u2028\u202f\u205f\u3000",  # spaces
        *"\u200b\u200d\u2060\ufeff\u00ad\u202e\u2066",  # of no width, or that turn text
        *"\u034f\u2800\u3164\ufe0f\U000e0100",  # letters and marks that are drawn as nothing
        *"\x85\x1c\x00\x7f\ue000",  # controls, and what means nothing
    ],
)
def test_name_with_what_nobody_sees_is_refused(here: Installation, sign: str) -> None:
    """Whoever may choose such a name at the proxy is neither ann nor one who looks so."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY)
    for name in (f"{sign}ann", f"ann{sign}", f"an{sign}n", sign):
        with pytest.raises(AmbiguousProxyUserError):
            by_proxy(here, name.encode())


@pytest.mark.parametrize("name", ["änn".encode("latin-1"), "a\u0308nn".encode(), b"ann\xff"])
def test_name_in_another_writing_is_refused(here: Installation, name: bytes) -> None:
    """A name is not guessed: as Latin-1 or decomposed, it would be another's or only look so."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY)
    with pytest.raises(AmbiguousProxyUserError):
        by_proxy(here, name)


def test_letters_that_only_look_alike_are_somebody_else(here: Installation) -> None:
    """Compatible forms, such as wide letters, and other alphabets make users of their own."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY)
    names = ["ann", "ａnn", "аnn", "ªnn", "ANN", "ann.", "ann%20", "p-ann"]
    users = {person.user for name in names if (person := by_proxy(here, name.encode()))}
    assert len(users) == len(names)


def test_header_with_underscores_is_not_that_of_the_proxy(here: Installation) -> None:
    """A client smuggles no name past a proxy that replaces the header as it is spelt."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY)
    assert here.who_is(connection(PROXY, headers=(("X_Forwarded_User", b"ann"),))) is None


def test_names_make_users_that_differ(here: Installation) -> None:
    """Each name is a user of its own, of characters that mean nothing in keys and patterns."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY)
    names = ["ann", "Ann", "a n", "a%20n", "a:n", "*", "a\\n", "Änn", "ann@example.com"]
    named = [by_proxy(here, name.encode()) for name in names]
    assert [person.name for person in named if person] == names
    users = {person.user for person in named if person}
    assert len(users) == len(names)
    assert not set("".join(users)) & set(" :*?[]{}\\\n")


def test_operators_of_a_proxy_are_named(here: Installation) -> None:
    """OPERATORS lists names; those of e-mail addresses in either case."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY, operators="ann, Bob@example.com")
    operators = {
        name: person.is_operator
        for name in ("ann", "Ann", "bob@EXAMPLE.com", "cem")
        if (person := by_proxy(here, name.encode()))
    }
    assert operators == {"ann": True, "Ann": False, "bob@EXAMPLE.com": True, "cem": False}


@pytest.mark.parametrize("name", ["p-bob", "bob"])
def test_name_that_is_written_like_a_user_id_is_not_that_user(
    here: Installation, name: str
) -> None:
    """Whoever is called p-bob does not operate where the user p-bob, whose name is bob, does."""
    here.choose(auth_mode="proxy", trusted_proxies=PROXY, operators="p-bob")
    person = by_proxy(here, name.encode())
    assert person
    assert person.is_operator is (name == "bob")


# By a login


@pytest.fixture
def login(here: Installation, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Person | None]:
    """Who asks with a login of these claims, where the group `ops` and `ann@x.org` operate."""
    use_login_secret(monkeypatch)
    here.choose(auth_mode="oidc", operators="ops, ann@x.org")
    return lambda **claims: here.who_is(connection(cookies=login_cookies(**claims)))


def test_same_subject_of_another_issuer_is_another_user(login: Callable[..., Person]) -> None:
    """A person is an issuer and its subject, however the two are written together."""
    pairs = [("https://a", "1"), ("https://b", "1"), ("https://a", "2"), ("https://", "a1")]
    users = {login(iss=issuer, sub=subject).user for issuer, subject in pairs}
    assert len(users) == len(pairs)
    assert login(iss="https://a", sub="1", email="new@x.org").user in users


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": time.time() - 1},
        {"exp": None},
        {"exp": True},
        {"sub": ""},
        {"iss": 7},
        {"origin": "https://elsewhere.example"},
        {"is_logged_in": False},
        {"secret": "another secret"},
    ],
)
def test_login_that_is_over_or_not_ours_is_nobody(
    login: Callable[..., Person | None], claims: dict[str, Any]
) -> None:
    """What expired, lacks a claim, is of another site or signed by another is no login."""
    assert login() is not None
    assert login(**claims) is None


def test_browser_cookie_is_nobody_where_people_sign_in(
    login: Callable[..., Person | None], here: Installation
) -> None:
    """The cookie of the mode `anonymous` opens nothing here."""
    signer = Signer(SECRET)
    assert here.who_is(connection(cookies={signer.cookie_name: signer.new_cookie()})) is None
    assert here.who_is(connection(cookies={"_streamlit_user": "forged"})) is None


def test_header_of_a_proxy_means_nothing_with_logins(
    login: Callable[..., Person], here: Installation
) -> None:
    """A login is who it is, whatever a client says in a header."""
    asked = connection(PROXY, login_cookies(), (("X-Forwarded-User", b"bob"),))
    assert here.who_is(asked) == login()


@pytest.mark.parametrize(
    ("claims", "is_operator"),
    [
        ({"groups": ["staff", "ops"]}, True),
        ({"groups": "ops"}, True),
        ({"groups": ["Ops", 3]}, False),
        ({"email": "ANN@x.org", "email_verified": True}, True),
        ({"email": "ann@x.org", "email_verified": False}, False),
        ({"email": "ann@x.org"}, False),
        ({"name": "ops", "preferred_username": "ann@x.org"}, False),
        ({}, False),
    ],
)
def test_operators_are_a_group_or_a_verified_address(
    login: Callable[..., Person], claims: dict[str, Any], is_operator: bool
) -> None:
    """What people can set themselves, such as a name or an address nobody checked, is no proof."""
    assert login(**claims).is_operator is is_operator


def test_operators_are_user_ids_too(login: Callable[..., Person], here: Installation) -> None:
    """The user id that the sidebar shows can be listed where a provider verifies no address."""
    here.choose(auth_mode="oidc", operators=login().user)
    assert login().is_operator
    assert not login(sub="2").is_operator


def test_chunks_of_several_logins_are_nobody(
    login: Callable[..., Person | None], here: Installation
) -> None:
    """Who has the accounts 17 and 42 does not become 12 by their cookies, each of which is true."""
    first, second = login_split_in_subject("17"), login_split_in_subject("42")
    spliced = {**second, FIRST_CHUNK: first[FIRST_CHUNK]}
    for cookies in (first, second, spliced):
        assert here.who_is(connection(cookies=cookies)) is None


def login_split_in_subject(subject: str) -> dict[str, str]:
    """A login whose first chunk ends within the subject, as whoever can choose a claim can do."""
    letters = random.Random(1).choices(string.ascii_letters, k=9000)  # which hardly compress
    for length in range(2000, 3500):
        filler = "".join(letters[:length])
        cookies = login_cookies(picture=filler, sub=subject, profile="".join(letters[length:]))
        chunk = decode_signed_value(LOGIN_SECRET, FIRST_CHUNK, cookies[FIRST_CHUNK]) or b""
        if chunk.endswith(f'"sub": "{subject[0]}'.encode()):
            return cookies
    raise AssertionError("no login is split there")


@pytest.mark.parametrize("exp", [float("nan"), float("inf"), -1, 10**400, "9" * 12, [1]])
def test_expiry_that_is_no_time_is_nobody(login: Callable[..., Person | None], exp: object) -> None:
    """JSON of a provider may hold numbers that no time is ever after, or that no float can be."""
    assert login(exp=exp) is None


def test_group_with_the_name_of_a_user_is_not_that_user(
    login: Callable[..., Person], here: Installation
) -> None:
    """Whoever may name a group at the provider does not become an operator who is listed by id."""
    here.choose(auth_mode="oidc", operators=login().user)
    assert not login(sub="2", groups=[login().user]).is_operator


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "a@x.org", "email_verified": "true", "name": "Ann"}, "a@x.org"),
        ({"email": "a@x.org", "name": "Ann"}, "Ann"),
        ({"preferred_username": "ann"}, "ann"),
    ],
)
def test_name_is_the_surest_that_there_is(
    login: Callable[..., Person], claims: dict[str, Any], name: str
) -> None:
    """People read a verified address, else what the provider calls them."""
    assert login(**claims).name == name
    assert login().name == login().user


# By a browser


def test_browser_of_a_personal_installation_is_an_operator(
    here: Installation,
) -> None:
    """Who sits at the machine of an installation for one person operates it; others do not."""
    signer = Signer(SECRET)
    cookies = {signer.cookie_name: signer.new_cookie()}
    asked = connection(cookies=cookies, headers=(("Host", b"127.0.0.1:8501"),))
    here.choose(redis_url="")
    person = here.who_is(asked)
    assert person
    assert person.is_operator
    here.choose()
    person = here.who_is(asked)
    assert person
    assert not person.is_operator
