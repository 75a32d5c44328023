"""The brake on guesses at the operators' password, for pages, API and rq-dashboard."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from jobs.access.operators import are_credentials
from jobs.access.throttle import Allowance, Throttle
from jobs.errors import TooManySignInsError
from jobs.settings import Settings

# Mistakes of a person cost nothing. Nobody waits longer than seconds, so that whoever guesses
# beside an operator, behind the same address, does not keep him out once he stops.
EACH = Allowance(burst=10, seconds=5.0)
IN_ALL = Allowance(burst=100, seconds=1.0)
MOST_KNOWN = 1000


class SignInBrake:
    """Compare credentials, not more often than an address may be wrong.

    An address from which the right ones came does not depend on how often others are wrong.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._throttle = Throttle(EACH, IN_ALL, clock)
        self._known: OrderedDict[str, None] = OrderedDict()

    def are_right(self, settings: Settings, address: str, username: str, password: str) -> bool:
        """Return whether these are the operators' user and password.

        Raises TooManySignInsError, whether they are right or not, if too many were wrong before.
        """
        is_known = address in self._known
        wait = self._throttle.take(address, alone=is_known)
        if wait > 0:
            raise TooManySignInsError.after(math.ceil(wait))
        if not are_credentials(settings, username, password):
            return False
        self._throttle.give_back(address, alone=is_known)
        self._known[address] = None
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return True
