"""The model server of the chaos run: it says which question and which call each text is from."""

from __future__ import annotations

import random
import re
import threading
import time
from dataclasses import dataclass
from typing import Any

from tests.fakes import FakeModelServer

TOKEN_DELAY_SECONDS = 0.1
TOKENS = (10, 28)  # so that an answer takes 1 to 3 seconds
TAG = re.compile(r"tag-\d+-\d{5}")
TOKEN = re.compile(r"\b(\d{6})\.(\d{2})\b")


def tag_of(seed: int, number: int) -> str:
    """What makes the text of a question its own."""
    return f"tag-{seed}-{number:05}"


@dataclass(frozen=True)
class Call:
    """One request for an answer. `at` is in Unix seconds; `worker` is who asked."""

    number: int
    tag: str
    worker: str
    at: float
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.words).strip()

    @property
    def ends_at(self) -> float:
        """The earliest moment at which all of it has been sent."""
        return self.at + len(self.words) * TOKEN_DELAY_SECONDS


class EchoModel(FakeModelServer):
    """Answers with the question's tag, and in each token the number of the call and its place.

    The name of the model in a request says which worker sent it.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.token_delay_seconds = TOKEN_DELAY_SECONDS
        self.calls: list[Call] = []
        self._chance = random.Random(seed)
        self._calls_lock = threading.Lock()

    def words_of(self, request: dict[str, Any]) -> list[str]:
        found = TAG.search(request["messages"][-1]["content"])
        tag = found.group() if found else ""
        with self._calls_lock:
            number = len(self.calls)
            places = range(self._chance.randint(*TOKENS))
            words = [f"{tag} ", *(f"{number:06}.{place:02} " for place in places), "[1]."]
            self.calls.append(Call(number, tag, request["model"], time.time(), tuple(words)))
        return words
