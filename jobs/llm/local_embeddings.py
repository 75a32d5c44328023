"""Embeddings without a server: an ONNX model in a folder, run in this process.

The folder is laid out as sentence-transformers saves a model: `model.onnx` or `onnx/model.onnx`,
`tokenizer.json`, and, where they say something, `sentence_bert_config.json`,
`1_Pooling/config.json` and `config_sentence_transformers.json`. Nothing is downloaded.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException
from tokenizers import Encoding, Tokenizer

from jobs.errors import BadModelRequestError, ContextTooLongError

MODEL_FILES = ("model.onnx", "onnx/model.onnx")
TOKENIZER_FILE = "tokenizer.json"
# Of models that do not say how many tokens they take.
DEFAULT_TOKENS = 512
VECTOR_OUTPUT = "sentence_embedding"
# By the names that models give them, what comes before a question and before a passage.
QUESTION_PROMPTS, PASSAGE_PROMPTS = ("query",), ("document", "passage")
# What it logs as an error is raised as well.
FATAL_ONLY = 4

Array = npt.NDArray[Any]


class LocalEmbedder:
    """The model of one folder, loaded by its first use. Safe for threads.

    Each text is run by itself, on the calling thread: it has the same vector whatever it comes
    with, nothing is computed for padding, and the priority of the thread is that of the work.
    A text that is longer than the model takes is run in parts, so that nothing is cut.
    """

    is_local = True

    def __init__(self, folder: Path) -> None:
        """Raises BadModelRequestError if the folder lacks a file."""
        self.model = f"local/{folder.name}"
        self._folder = folder
        found = [path for name in MODEL_FILES if (path := folder / name).is_file()]
        if not found or not (folder / TOKENIZER_FILE).is_file():
            raise BadModelRequestError(
                f"LOCAL_EMBEDDING_MODEL: the folder {folder} has no model.onnx or no "
                "tokenizer.json. Put them there, or remove the setting, and restart the worker."
            )
        self._file = found[0]
        self._loading = threading.Lock()

    def embed(
        self,
        texts: Sequence[str],
        on_batch: Callable[[int, int], None] | None = None,
        on_shortened: Callable[[int], None] | None = None,
    ) -> list[Sequence[float]]:
        """Return one vector of length 1 for each text; see `EmbeddingModel`."""
        vectors: list[Sequence[float]] = []
        for text in texts:
            vectors.append(self._embed(text, PASSAGE_PROMPTS))
            if on_batch is not None:
                on_batch(len(vectors), len(texts))
        return vectors

    def embed_question(self, question: str) -> Sequence[float]:
        """Return the vector of a question, of length 1."""
        return self._embed(question, QUESTION_PROMPTS)

    def parts_of(self, text: str) -> list[Encoding]:
        """Return the tokens of a text, in parts that the model takes."""
        # It refuses halves of characters.
        first = self._tokenizer.encode(text.encode(errors="replace").decode())
        return [first, *first.overflowing]

    def _embed(self, text: str, prompts: Sequence[str]) -> Sequence[float]:
        prompt = next((self._prompts[name] for name in prompts if name in self._prompts), "")
        parts = self.parts_of(prompt + text)
        sizes = [len(part.ids) for part in parts]
        vector = np.average([self._run(part) for part in parts], axis=0, weights=sizes)
        return self._normalized(vector)

    def _run(self, encoding: Encoding) -> Array:
        session = self._session
        given = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        names = [each.name for each in session.get_inputs()]
        inputs = {name: np.array([given[name]], dtype=np.int64) for name in names}
        try:
            output = session.run([self._output], inputs)[0][0]
        except (Fail, InvalidArgument, RuntimeException) as error:
            raise ContextTooLongError(
                f"The embedding model in {self._folder} refused a text of {len(encoding.ids)} "
                "tokens. Set a lower max_seq_length in its sentence_bert_config.json."
            ) from error
        return np.asarray(output if output.ndim == 1 else self._pool(output))

    def _normalized(self, vector: Array) -> Sequence[float]:
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length) or not length:
            raise BadModelRequestError(
                f"The embedding model in {self._folder} gave no usable numbers for a text. "
                "Set another LOCAL_EMBEDDING_MODEL, and restart the worker."
            )
        numbers: list[float] = (vector / length).tolist()
        return numbers

    def _pool(self, states: Array) -> Array:
        """Return the vector of a text from those of its tokens."""
        pooling = self._read("1_Pooling/config.json")
        if pooling.get("pooling_mode_cls_token") or pooling.get("pooling_mode") == "cls":
            return np.asarray(states[0])
        return np.asarray(states.mean(axis=0))

    @cached_property
    def _session(self) -> Any:
        with self._loading:
            if "_session" in self.__dict__:
                return self.__dict__["_session"]
            options = ort.SessionOptions()
            # Questions run beside each other on threads of their own.
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = FATAL_ONLY
            try:
                return ort.InferenceSession(self._file, options, providers=["CPUExecutionProvider"])
            except Exception as error:  # of a dozen classes without a base of their own
                raise self._unusable(self._file) from error

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        file = self._folder / TOKENIZER_FILE
        try:
            tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # it raises nothing narrower
            raise self._unusable(file) from error
        tokenizer.no_padding()
        limit = self._read("sentence_bert_config.json").get("max_seq_length") or DEFAULT_TOKENS
        tokenizer.enable_truncation(int(limit))
        return tokenizer

    @cached_property
    def _output(self) -> str:
        names = [each.name for each in self._session.get_outputs()]
        return VECTOR_OUTPUT if VECTOR_OUTPUT in names else names[0]

    @cached_property
    def _prompts(self) -> Mapping[str, str]:
        prompts: Mapping[str, str] = self._read("config_sentence_transformers.json").get(
            "prompts", {}
        )
        return prompts

    def _read(self, name: str) -> Mapping[str, Any]:
        file = self._folder / name
        if not file.is_file():
            return {}
        try:
            found: Mapping[str, Any] = json.loads(file.read_text())
        except ValueError as error:
            raise self._unusable(file) from error
        return found

    def _unusable(self, file: Path) -> BadModelRequestError:
        return BadModelRequestError(
            f"The embedding model cannot be loaded from {file}. If you made it, export it to ONNX "
            "again; otherwise restore the file. Then restart the worker."
        )
