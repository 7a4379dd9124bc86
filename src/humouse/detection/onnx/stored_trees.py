"""Reads the trees in an ONNX file that humouse wrote, without the package onnx, which scoring does without.

ONNX files are Protocol Buffers, whose wire format is a list of fields: a number, a type, and an integer or
bytes (https://protobuf.dev/programming-guides/encoding/). The numbers are those of `onnx.proto`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from humouse.detection.forest import Forest

_GRAPH = 7
_NODE, _OPERATION, _ATTRIBUTE = 1, 4, 5
_NAME, _TENSOR, _INTEGERS, _STRINGS = 1, 5, 8, 9
_RAW = 9
_INTEGER, _BYTES = 0, 2
_MOST_BITS = 63
_FIXED = {1: 8, 5: 4}


def stored_trees(content: bytes) -> Forest:
    """Return the trees of an ONNX model that `humouse.detection.onnx.tables` wrote, but for their base.

    Raises:
        ValueError: There are none, or they are damaged.
    """
    try:
        forest = _stored_trees(content)
    except (LookupError, TypeError, ArithmeticError) as error:
        raise ValueError("damaged trees") from error
    _check(forest)
    return forest


def _stored_trees(content: bytes) -> Forest:
    graphs = _by_number(memoryview(content))[_GRAPH]
    for node in map(_by_number, (one for graph in graphs for one in _by_number(graph)[_NODE])):
        if bytes(node[_OPERATION][0]) == b"TreeEnsembleRegressor":
            attributes = map(_by_number, node[_ATTRIBUTE])
            return _forest({bytes(one[_NAME][0]).decode(): one for one in attributes})
    raise ValueError("a model without trees")


def _forest(attributes: Mapping[str, Mapping[int, list[Any]]]) -> Forest:
    def integers(name: str) -> np.ndarray:
        return np.array(attributes[name][_INTEGERS], np.int64)

    def numbers(name: str) -> np.ndarray:
        return np.frombuffer(_by_number(attributes[name][_TENSOR][0])[_RAW][0], np.float64)

    leaf = np.array([bytes(mode) == b"LEAF" for mode in attributes["nodes_modes"][_STRINGS]])
    value = np.zeros(len(leaf))
    value[leaf] = numbers("target_weights_as_tensor")
    return Forest(
        integers("nodes_treeids"),
        integers("nodes_nodeids"),
        np.where(leaf, -1, integers("nodes_featureids")),
        numbers("nodes_values_as_tensor"),
        integers("nodes_truenodeids"),
        integers("nodes_falsenodeids"),
        value,
        0.0,
    )


def _check(forest: Forest) -> None:
    """Raise ValueError unless trees stand one after the other, and nodes before their children."""
    columns = [value for value in vars(forest).values() if isinstance(value, np.ndarray)]
    N = len(forest.node)
    if not N or {column.shape for column in columns} != {(N,)}:
        raise ValueError("not as many values as nodes")
    root = np.flatnonzero(forest.node == 0)
    size = np.diff([*root, N])
    if root[:1].tolist() != [0] or (forest.node != np.arange(N) - root.repeat(size)).any():
        raise ValueError("nodes in another order")
    inner = forest.feature >= 0
    for child in (forest.left[inner], forest.right[inner]):
        if ((child <= forest.node[inner]) | (child >= size.repeat(size)[inner])).any():
            raise ValueError("a node before its parent")
    if not (np.isfinite(forest.cut[inner]).all() and np.isfinite(forest.value).all()):
        raise ValueError("a value that is not finite")


def _by_number(content: memoryview) -> dict[int, list[Any]]:
    """Return number → the values of the fields of a message."""
    found = defaultdict(list)
    for number, value in _fields(content):
        found[number].append(value)
    return found


def _fields(content: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield the number and the value of each field of a message: an integer, or bytes."""
    place = 0
    while place < len(content):
        key, place = _integer(content, place)
        number, kind = key >> 3, key & 7
        if kind == _INTEGER:
            value, place = _integer(content, place)
            yield number, value
            continue
        size = _FIXED.get(kind, 0)
        if kind == _BYTES:
            size, place = _integer(content, place)
        yield number, content[place : place + size]
        place += size


def _integer(content: memoryview, place: int) -> tuple[int, int]:
    """Return the integer of seven bits a byte at a place, and the place after it."""
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > _MOST_BITS:
            raise ValueError("an integer without an end")
