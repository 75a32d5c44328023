"""The embedding model in this process: the one that Askqueue carries, and others in folders."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from jobs.errors import BadModelRequestError, ContextTooLongError
from jobs.llm.local_embeddings import LocalEmbedder
from jobs.settings.model_server import CARRIED_MODELS

HERE = Path(__file__).resolve().parent
CARRIED = CARRIED_MODELS / "all-MiniLM-L6-v2"
# Of the published weights in 64-bit floats, by a forward pass of its own in NumPy.
EXPECTED = json.loads((HERE / "float_vectors.json").read_text(encoding="utf-8"))
# Two numbers a word: a is (1, 0), b is (0, 1), c is (3, 4). Its output has one row a token.
TINY = HERE / "tiny_model"


@pytest.fixture(scope="module")
def carried() -> LocalEmbedder:
    return LocalEmbedder(CARRIED)


def tiny(folder: Path, **files: object) -> LocalEmbedder:
    """The tiny model with these files beside it, by their names without `.json`."""
    for file in TINY.iterdir():
        os.symlink(file, folder / file.name)
    (folder / "1_Pooling").mkdir()
    for name, content in files.items():
        path = folder / "1_Pooling/config.json" if name == "pooling" else folder / f"{name}.json"
        path.write_text(json.dumps(content))
    return LocalEmbedder(folder)


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda each: each["text"][:20])
def test_vectors_are_those_of_the_published_weights(
    carried: LocalEmbedder, expected: dict[str, object]
) -> None:
    """Words, figures, tables, other scripts, one token and 200: within a cosine of 0.99."""
    [vector] = carried.embed([str(expected["text"])])
    assert np.linalg.norm(vector) == pytest.approx(1)
    assert np.dot(vector, np.array(expected["vector"])) > 0.99


def test_vector_does_not_depend_on_what_it_comes_with(carried: LocalEmbedder) -> None:
    """One by one or at once, in order: a text has one vector, and as a question the same."""
    texts = [each["text"] for each in EXPECTED]
    together = carried.embed(texts)
    assert together == [carried.embed([text])[0] for text in texts]
    assert together[1] == carried.embed_question(texts[1])


def test_meaning_is_found_in_other_words(carried: LocalEmbedder) -> None:
    """The passage that answers is nearer than those that do not, without a word in common."""
    question = carried.embed_question("How much can I spend on accommodation?")
    answer, *others = carried.embed(
        ["A hotel may cost EUR 160.", "Payments are due in June.", "Ghent stores frozen goods."]
    )
    assert np.dot(question, answer) > max(np.dot(question, other) for other in others)


def test_end_of_a_long_text_counts(carried: LocalEmbedder) -> None:
    """What is beyond 256 tokens is run as well: two texts that differ there differ."""
    long = "The supplier delivers the goods on time. " * 60
    hotels, frogs = carried.embed(
        [f"{long} A hotel costs EUR 160. " * 2, f"{long} Frogs live in ponds. " * 2]
    )
    question = carried.embed_question("Where do frogs live?")
    assert np.dot(question, frogs) > np.dot(question, hotels)


def test_empty_text_has_a_vector(carried: LocalEmbedder) -> None:
    """A passage of blanks, or of half a character, is no error."""
    assert len(carried.embed(["", " \n", "\ud800"])) == 3


def test_progress_is_told(carried: LocalEmbedder) -> None:
    """Each text is counted."""
    told: list[tuple[int, int]] = []
    carried.embed(["a", "b"], lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_carried_files_are_the_documented_ones() -> None:
    """The README beside them, which says where they come from, has their digests."""
    readme = (CARRIED / "README.md").read_text(encoding="utf-8")
    for name in ("model.onnx", "tokenizer.json"):
        assert hashlib.sha256((CARRIED / name).read_bytes()).hexdigest() in readme


def test_rows_of_tokens_are_averaged(tmp_path: Path) -> None:
    """A model whose output has a row for each token: their mean, to the length 1."""
    assert tiny(tmp_path).embed(["a b"]) == [pytest.approx([0.5**0.5, 0.5**0.5])]


def test_first_row_is_taken_where_the_model_says_so(tmp_path: Path) -> None:
    """`1_Pooling/config.json` chooses the first token, as some multilingual models want."""
    pooling = {"pooling_mode_cls_token": True}
    assert tiny(tmp_path, pooling=pooling).embed(["c a"]) == [pytest.approx([0.6, 0.8])]


def test_questions_and_passages_have_their_prompts(tmp_path: Path) -> None:
    """Prompts of `config_sentence_transformers.json` come before the text."""
    model = tiny(
        tmp_path, config_sentence_transformers={"prompts": {"query": "a ", "passage": "b "}}
    )
    assert model.embed_question("a") == pytest.approx([1, 0])
    assert model.embed(["b"]) == [pytest.approx([0, 1])]


def test_parts_of_a_long_text_are_averaged(tmp_path: Path) -> None:
    """Each part counts by its tokens: a a | b is two to one."""
    model = tiny(tmp_path, sentence_bert_config={"max_seq_length": 2})
    assert model.embed(["a a b"]) == [pytest.approx([0.8**0.5, 0.2**0.5])]


def test_model_of_another_folder_has_another_name(tmp_path: Path) -> None:
    """The name of the folder stands in that of the collection."""
    folder = tmp_path / "of-ours"
    folder.mkdir()
    assert tiny(folder).model == "local/of-ours"


def test_vector_of_nothing_is_refused(tmp_path: Path) -> None:
    """Zeros have no direction; the sentence names the folder and what to do."""
    with pytest.raises(BadModelRequestError, match="LOCAL_EMBEDDING_MODEL"):
        tiny(tmp_path).embed(["unknown"])


def test_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """Before anything is asked: the sentence names the setting and what is missing."""
    with pytest.raises(BadModelRequestError, match=r"LOCAL_EMBEDDING_MODEL.*tokenizer\.json"):
        LocalEmbedder(tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "sentence_bert_config.json"])
def test_broken_file_is_named(tmp_path: Path, name: str) -> None:
    """A file that cannot be read is named."""
    for file in TINY.iterdir():
        os.symlink(file, tmp_path / file.name)
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).write_text("nothing of the kind")
    with pytest.raises(BadModelRequestError, match=name):
        LocalEmbedder(tmp_path).embed(["a"])


def test_text_that_the_model_refuses_says_what_to_set(tmp_path: Path) -> None:
    """A folder that allows more tokens than its model takes."""
    for name in ("model.onnx", "tokenizer.json"):
        os.symlink(CARRIED / name, tmp_path / name)
    with pytest.raises(ContextTooLongError, match="max_seq_length"):
        LocalEmbedder(tmp_path).embed(["word " * 400])
