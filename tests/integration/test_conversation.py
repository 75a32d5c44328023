"""Scope, versions and follow-ups, over a real Valkey, Qdrant, worker and model server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from rq.job import Job
from rq.results import Result
from rq.serializers import JSONSerializer

from jobs.answering.follow_ups import NO_EARLIER_ANSWER, read_turns
from jobs.documents.repository import DocumentRepository
from jobs.errors import (
    InvalidQuestionError,
    ModelNotOfferedError,
    NotFoundError,
    UnknownDocumentsError,
)
from jobs.llm.rewriting import Turn
from jobs.models import (
    MAX_TURNS,
    Answer,
    Document,
    DocumentStatus,
    JobState,
    JobView,
    Question,
    Stage,
)
from jobs.questions.client import JobClient
from jobs.questions.export import evaluation_lines
from jobs.questions.ids import new_job_id
from jobs.questions.soft_delete import UNDO_KEPT_SECONDS, SoftDeletion
from jobs.questions.validation import MAX_DOCUMENTS
from jobs.queue.broker import Broker
from jobs.queue.keys import job_key, thread_key
from jobs.settings import Settings
from tests.fakes import FakeModelServer
from tests.integration.stack import USER, Stack, stack_of
from tests.waiting import HANG_SECONDS, until

HOTEL = "What is the hotel limit per night?"


@pytest.fixture
def offering(make_settings: Callable[..., Settings], connection: redis.Redis) -> JobClient:
    """A client where people may choose between two models."""
    settings = make_settings(chat_model="usual", chat_models="large, small,,usual")
    return JobClient(Broker(connection, settings))


def put_document(connection: redis.Redis, name: str) -> str:
    document = Document(name, f"{name}.md", 1, status=DocumentStatus.INDEXED)
    DocumentRepository(connection).add_if_new(document)
    return document.id


# What is asked, as data


def test_all_that_is_asked_is_kept(offering: JobClient, connection: redis.Redis) -> None:
    """Scope, model and what it refers to come back with the job, whatever the order was."""
    ids = [put_document(connection, name) for name in ("b", "a")]
    first = offering.submit(USER, Question(HOTEL))
    view = offering.submit(
        USER, Question("And in Oslo?", documents=(*ids, "b"), model="large", follows=first.id)
    )
    assert view.asked == Question("And in Oslo?", ("a", "b"), "large", first.id)
    assert offering.list_jobs(USER).jobs[0] == view
    assert first.asked == Question(HOTEL)


def test_documents_that_are_not_there_are_refused(
    client: JobClient, connection: redis.Redis
) -> None:
    """Neither an unknown id nor too many are accepted, and nothing is written."""
    put_document(connection, "a")
    with pytest.raises(UnknownDocumentsError, match="1 of the 2 chosen documents is not there"):
        client.submit(USER, Question(HOTEL, documents=("a", "nowhere")))
    with pytest.raises(UnknownDocumentsError, match="at most"):
        client.submit(USER, Question(HOTEL, documents=tuple(map(str, range(MAX_DOCUMENTS + 1)))))
    assert client.list_jobs(USER).total == 0


def test_model_that_is_not_offered_is_refused(offering: JobClient, client: JobClient) -> None:
    """The configured one and those beside it are accepted, no other."""
    for model in ("usual", "large", "small"):
        assert offering.submit(USER, Question(HOTEL, model=model)).asked.model == model
    with pytest.raises(ModelNotOfferedError, match="usual, large, small"):
        offering.submit(USER, Question(HOTEL, model="other"))
    with pytest.raises(ModelNotOfferedError):
        client.submit(USER, Question(HOTEL, model="large"))


@pytest.mark.parametrize("relation", ["follows", "version_of"])
def test_question_of_another_user_cannot_be_referred_to(client: JobClient, relation: str) -> None:
    """It is as unknown as one that does not exist."""
    theirs = client.submit("ben", Question(HOTEL)).id
    for job_id in (theirs, new_job_id()):
        with pytest.raises(NotFoundError):
            client.submit(USER, Question(HOTEL, **{relation: job_id}))
    assert client.list_jobs(USER).total == 0


def test_question_sent_again_is_compared_in_all_its_parts(
    offering: JobClient, connection: redis.Redis
) -> None:
    """The same again is the same job, even after its document went; a change is refused."""
    document, job_id = put_document(connection, "a"), new_job_id()
    first = offering.submit(USER, Question(HOTEL)).id
    asked = {"documents": [document], "model": "large", "follows": first, "version_of": first}
    accepted = offering.submit(USER, Question(HOTEL, **asked), job_id=job_id)
    DocumentRepository(connection).delete(document)
    assert offering.submit(USER, Question(HOTEL, **asked), job_id=job_id) == accepted
    for name in asked:
        with pytest.raises(InvalidQuestionError, match="another question"):
            offering.submit(
                USER,
                Question(HOTEL, **{key: asked[key] for key in asked if key != name}),
                job_id=job_id,
            )
    assert offering.list_jobs(USER).total == 2


# Versions


def test_versions_are_one_thread(client: JobClient, connection: redis.Redis) -> None:
    """A version of a version belongs to the first; each of them shows all, the first one first."""
    first = client.submit(USER, Question(HOTEL))
    assert [view.id for view in client.list_versions(USER, first)] == [first.id]
    second = client.submit(USER, Question("Hotel limit?", version_of=first.id))
    third = client.submit(USER, Question("Hotel?", version_of=second.id))
    assert third.thread == second.thread == first.thread == first.id
    for view in (first, second, third):
        ids = [version.id for version in client.list_versions(USER, view)]
        assert ids == [first.id, second.id, third.id]
    ttl = connection.ttl(thread_key(first.id))
    assert 0 < ttl <= 30 * 24 * 3600


def purge(deletions: SoftDeletion) -> None:
    """What maintenance does when no deletion can be undone any more."""
    deletions.purge(time.time() + 2 * UNDO_KEPT_SECONDS)


def test_deleted_version_leaves_the_thread(
    client: JobClient, broker: Broker, connection: redis.Redis
) -> None:
    """Even the first: the others stay together, and the last one takes the key with it."""
    deletions = SoftDeletion(broker)
    first = client.submit(USER, Question(HOTEL))
    second = client.submit(USER, Question(HOTEL, version_of=first.id))
    third = client.submit(USER, Question(HOTEL, version_of=second.id))
    for view, left in ((first, [second, third]), (third, [second])):
        client.stop(USER, view.id)
        client.delete(USER, view.id)
        assert [each.id for each in client.list_versions(USER, second)] == [e.id for e in left]
        purge(deletions)
        members = connection.zrange(thread_key(first.id), 0, -1)
        assert sorted(members) == sorted(each.id.encode() for each in left)
    client.stop(USER, second.id)
    client.delete(USER, second.id)
    purge(deletions)
    assert not connection.exists(thread_key(first.id))


def test_version_that_is_brought_back_is_in_its_place(client: JobClient) -> None:
    """As long as its deletion can be undone, it has its place in the thread."""
    first = client.submit(USER, Question(HOTEL))
    second = client.submit(USER, Question(HOTEL, version_of=first.id))
    client.stop(USER, first.id)
    client.delete(USER, first.id)
    assert [view.id for view in client.list_versions(USER, second)] == [second.id]
    client.undo_deletion(USER, first.id)
    assert [view.id for view in client.list_versions(USER, second)] == [first.id, second.id]


def test_retried_version_stays_in_its_place(client: JobClient, connection: redis.Redis) -> None:
    """Retried, a question is kept for longer with its thread, and is the same version as before."""
    first = client.submit(USER, Question(HOTEL))
    second = client.submit(USER, Question(HOTEL, version_of=first.id))
    for view in (second, first):
        connection.expire(thread_key(first.id), 100)
        client.stop(USER, view.id)
        client.retry(USER, view.id)
        assert connection.ttl(thread_key(first.id)) > 100
    versions = client.list_versions(USER, second)
    assert [view.id for view in versions] == [first.id, second.id]


def test_earlier_questions_are_bounded_and_end_at_a_gap(client: JobClient) -> None:
    """The oldest first, never more than the bound; what is deleted ends them."""
    asked: list[JobView] = [client.submit(USER, Question("0?"))]
    for number in range(1, MAX_TURNS + 2):
        asked.append(client.submit(USER, Question(f"{number}?", follows=asked[-1].id)))
    earlier = client.list_earlier(USER, asked[-1])
    assert [view.id for view in earlier] == [view.id for view in asked[-1 - MAX_TURNS : -1]]
    client.stop(USER, asked[2].id)
    client.delete(USER, asked[2].id)
    assert [view.id for view in client.list_earlier(USER, asked[4])] == [asked[3].id]


def test_conversation_is_bounded(client: JobClient, connection: redis.Redis) -> None:
    """The last few questions as they were understood, the oldest first; nothing of another user."""
    last = ""
    for number in range(MAX_TURNS + 2):
        last = client.submit(USER, Question(f"{number}?", follows=last)).id
        job = Job.fetch(last, connection=connection, serializer=JSONSerializer)
        value = Answer(f"It is {number} [1].", standalone="Four?" if number == 4 else "").to_dict()
        Result.create(job, Result.Type.SUCCESSFUL, ttl=60, return_value=value)
    turns = read_turns(connection, USER, last)
    assert turns == (Turn("2?", "It is 2."), Turn("3?", "It is 3."), Turn("Four?", "It is 4."))
    assert read_turns(connection, "ben", last) == ()


def test_stage_of_a_newer_worker_hides_no_question(
    client: JobClient, connection: redis.Redis
) -> None:
    """A stage that this version does not know is shown as waiting."""
    view = client.submit(USER, Question(HOTEL))
    connection.hset(job_key(view.id), "stage", "pondering")
    assert client.get_job(USER, view.id).stage is Stage.WAITING


# With a worker


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def stack(
    make_settings: Callable[..., Settings], connection: redis.Redis, model: FakeModelServer
) -> Iterator[Stack]:
    """A worker with a model that finds passages by keywords; "large" may be chosen too."""
    values = {
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": "test-key",
        "CHAT_MODEL": "usual",
        "CHAT_MODELS": "large",
        "EMBEDDING_MODEL": "stub-embedding",
    }
    settings = make_settings(chat_model="usual", chat_models="large")
    with stack_of(settings, connection, **values) as made:
        made.start_worker()
        yield made


def finish(stack: Stack, question: str, **asked: object) -> tuple[JobView, Answer]:
    view = stack.over(stack.jobs.submit(USER, Question(question, **asked)).id)
    answer = stack.jobs.get_answer(USER, view.id)
    assert answer is not None, view
    return view, answer


def chats(model: FakeModelServer) -> list[dict[str, object]]:
    return [
        request["body"] for request in model.requests if request["path"].endswith("completions")
    ]


def test_answer_finds_nothing_outside_its_scope(stack: Stack) -> None:
    """A question of one document cites that one alone, even where another fits better."""
    travel = stack.add_document()
    pallets = stack.add_document("pallets.md", b"# Pallets\n\nA hotel lobby holds 12 pallets.\n")
    _, everywhere = finish(stack, HOTEL)
    assert {citation.document_id for citation in everywhere.citations} == {travel}
    _, scoped = finish(stack, HOTEL, documents=[pallets])
    assert {passage.document_id for passage in scoped.passages} == {pallets}
    _, both = finish(stack, HOTEL, documents=[pallets, travel])
    assert {passage.document_id for passage in both.passages} == {pallets, travel}


def test_chosen_model_writes_the_answer(stack: Stack, model: FakeModelServer) -> None:
    """The request and the receipt name it; the next question is the usual one's again."""
    stack.add_document()
    _, answer = finish(stack, HOTEL, model="large")
    assert (chats(model)[-1]["model"], answer.model) == ("large", "large")
    _, answer = finish(stack, HOTEL)
    assert (chats(model)[-1]["model"], answer.model) == ("usual", "usual")


def test_follow_up_is_answered_as_it_is_understood(stack: Stack, model: FakeModelServer) -> None:
    """The model sees the conversation; search, prompt and page get the rewritten question."""
    stack.add_document()
    first, _ = finish(stack, HOTEL)
    model.rewritten = "What is the hotel limit per night in every city?"
    follow_up, answer = finish(stack, "And in every city?", follows=first.id, model="large")
    assert follow_up.state is JobState.FINISHED
    assert answer.standalone == model.rewritten
    assert answer.citations
    rewriting, writing = chats(model)[-2:]
    assert rewriting["model"] == "large"
    assert HOTEL in str(rewriting["messages"])
    assert "Answer: The documents say: Travel policy\\n" in str(rewriting["messages"])
    assert f"Question: {model.rewritten}" in str(writing["messages"])
    assert answer.timings.rewriting > 0
    assert answer.timings.first_token is not None
    assert answer.timings.first_token > answer.timings.rewriting
    assert answer.tokens.prompt > 100
    exported = json.loads(next(evaluation_lines(stack.jobs, USER, [follow_up.id])))
    assert (exported["standalone"], exported["documents"]) == (model.rewritten, [])

    _, third = finish(stack, "Really?", follows=follow_up.id)
    sent = str(chats(model)[-2]["messages"])
    assert sent.index(HOTEL) < sent.index(f"Question: {model.rewritten}") < sent.index("Really?")
    assert third.notes == ()


def test_follow_up_to_a_deleted_answer_says_so(stack: Stack, model: FakeModelServer) -> None:
    """Deleted before the worker comes to it, the earlier question is not waited for."""
    stack.add_document()
    first, _ = finish(stack, HOTEL)
    stack.worker.terminate()
    stack.worker.wait(HANG_SECONDS)
    asked = stack.jobs.submit(USER, Question("What is the hotel limit?", follows=first.id))
    stack.jobs.delete(USER, first.id)
    stack.start_worker()
    stack.over(asked.id)
    answer = stack.jobs.get_answer(USER, asked.id)
    assert answer is not None
    assert answer.notes == (NO_EARLIER_ANSWER,)
    assert answer.standalone == ""
    assert answer.citations


def test_rewriting_that_fails_for_a_moment_is_tried_again(
    stack: Stack, model: FakeModelServer
) -> None:
    """It costs an attempt, as a failing answer does, and the second one answers."""
    stack.add_document()
    first, _ = finish(stack, HOTEL)
    model.behave("rate_limited", times=1, retry_after=1)
    view, answer = finish(stack, "And the hotel limit in every city?", follows=first.id)
    assert (view.state, answer.attempts) == (JobState.FINISHED, 2)


def test_rewriting_can_be_stopped(stack: Stack, model: FakeModelServer) -> None:
    """While the model is silent, the stage says what is waited for."""
    stack.add_document()
    first, _ = finish(stack, HOTEL)
    model.behave("hang", times=1)
    asked = stack.jobs.submit(USER, Question("And in Oslo?", follows=first.id))
    until(lambda: stack.view(asked.id).stage is Stage.REWRITING)
    assert stack.jobs.stop(USER, asked.id).state is JobState.STOPPED


def test_follow_up_without_a_model_is_put_together(
    settings: Settings, connection: redis.Redis
) -> None:
    """Keywords of the earlier question and the new one find the passage, and are shown."""
    with stack_of(settings, connection) as stack:
        stack.start_worker()
        stack.add_document()
        first, _ = finish(stack, HOTEL)
        _, answer = finish(stack, "And in every city?", follows=first.id)
    assert answer.standalone == "hotel limit night: And in every city?"
    assert "EUR 160" in answer.text
    assert answer.extractive
