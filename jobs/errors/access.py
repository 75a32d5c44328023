"""Who is asking, and what they may do: signing in, operators and API keys."""

from __future__ import annotations

from jobs.errors.base import AskqueueError


class NotSignedInError(AskqueueError):
    kind = "not_signed_in"
    message = "Nobody is signed in. Sign in on the pages in this browser, then try again."


class OperatorsOnlyError(AskqueueError):
    kind = "operators_only"
    message = "This is for operators only. Ask one of them, or to be named in OPERATORS."


class OperatorsClosedError(AskqueueError):
    kind = "operators_closed"
    message = (
        "This is for operators only, and there are none yet. Set DASHBOARD_USERNAME and "
        "DASHBOARD_PASSWORD, then restart."
    )


class WrongCredentialsError(AskqueueError):
    """Of the user and the password, it does not say which was wrong."""

    kind = "wrong_credentials"
    message = "Give the operators' user and password: DASHBOARD_USERNAME and DASHBOARD_PASSWORD."


class TooManySignInsError(AskqueueError):
    """Nothing was compared, so that it does not say whether the password was right."""

    kind = "too_many_sign_ins"
    message = "Too many wrong passwords came from your address. Wait a moment, then try again."

    @classmethod
    def after(cls, seconds: int) -> TooManySignInsError:
        """Return the error that says how many seconds to wait."""
        wait = "1 second" if seconds == 1 else f"{seconds} seconds"
        return cls(
            f"Too many wrong passwords came from your address. Try again in {wait}.",
            retry_after_seconds=seconds,
        )


class UntrustedProxyError(AskqueueError):
    """Whoever can set the header could be anybody, so its word is not taken, nor ignored."""

    kind = "untrusted_proxy"
    message = (
        "This request names a user in the header that the sign-in proxy sets, but does not come "
        "from that proxy. Open Askqueue at the proxy's address. If you did, ask the operator to "
        "add the proxy's own address to TRUSTED_PROXIES."
    )


class AmbiguousProxyUserError(AskqueueError):
    kind = "ambiguous_proxy_user"
    message = (
        "The sign-in proxy sent an unusable user name: several, or one that is too long, is not "
        "in UTF-8, or has characters that nobody sees. Ask the operator to have the proxy replace "
        "the header of PROXY_USER_HEADER, not add to it, or to give you a plain name."
    )


class WrongKeyError(AskqueueError):
    """It does not say what is wrong with a key: whoever tries some learns nothing."""

    kind = "wrong_key"
    message = (
        "This API key is wrong, expired or revoked. Make one on the page API keys, and send it as "
        "Authorization: Bearer askq_…"
    )


class MissingScopeError(AskqueueError):
    kind = "missing_scope"
    message = "This API key may not do that. Use one with the scope that it needs."


class InvalidKeyError(AskqueueError):
    kind = "invalid_key"
    message = "No API key can be made from this."
