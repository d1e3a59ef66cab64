"""Percentiles and unique values that do not depend on the order of what they saw.

Histogram: logarithmic buckets, 35 to an octave, so a bucket's middle is within 1 % of all its values. A bucket is named
by a whole number that grows with its values: 0 for zero, negative for negative values. Uniques: the 1,024 smallest
64-bit hashes (K minimum values), exact below 1,024 values, within some 3 % (one standard deviation) above.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from hashlib import blake2b
from itertools import accumulate
from math import frexp, ldexp

Histogram = Mapping[int, int]
Uniques = tuple[int, ...]

KEPT_HASHES = 1_024
# Values closer to zero than half a millionth are zero: sums are kept in millionths too.
SMALLEST = 5e-7
_PER_OCTAVE = 35
# Keeps the numbers of positive buckets positive down to SMALLEST (exponent -20).
_SHIFT = 1_000
_COUNT_TYPES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def _edges() -> tuple[float, ...]:
    """Where the buckets of [0.5, 1) begin; by decimal arithmetic, so that no machine's libm has a say."""
    exact = Context(prec=40)
    step = exact.divide(Decimal(1), Decimal(_PER_OCTAVE))
    return tuple(float(exact.power(Decimal(2), exact.multiply(step, k)) / 2) for k in range(_PER_OCTAVE))


_EDGES = _edges()
_INNER = _EDGES[1:]
_MIDDLES = tuple(2 * low * high / (low + high) for low, high in zip(_EDGES, (*_INNER, 1.0), strict=True))


def bucket_of(value: float) -> int:
    """The bucket of a finite value."""
    if value >= SMALLEST:
        mantissa, exponent = frexp(value)
        return exponent * _PER_OCTAVE + bisect_right(_INNER, mantissa) + _SHIFT
    if value > -SMALLEST:
        return 0
    mantissa, exponent = frexp(-value)
    return -(exponent * _PER_OCTAVE + bisect_right(_INNER, mantissa) + _SHIFT)


def middle_of(bucket: int) -> float:
    """The value that stands for a bucket: within 1 % of each value in it."""
    if bucket == 0:
        return 0.0
    exponent, place = divmod(abs(bucket) - _SHIFT, _PER_OCTAVE)
    middle = ldexp(_MIDDLES[place], exponent)
    return middle if bucket > 0 else -middle


def merge_histograms(one: Histogram, other: Histogram) -> Histogram:
    """Both together."""
    merged = dict(one)
    seen = merged.get
    for bucket, count in other.items():
        merged[bucket] = seen(bucket, 0) + count
    return merged


def percentiles(histogram: Histogram, percents: Iterable[int]) -> list[float]:
    """By nearest rank: the smallest value that at least `percent` of 100 values do not exceed."""
    buckets = sorted(histogram)
    reached = list(accumulate(map(histogram.__getitem__, buckets)))
    ranks = [max(1, -(-reached[-1] * percent // 100)) for percent in percents]
    return [middle_of(buckets[bisect_left(reached, rank)]) for rank in ranks]


def pack_histogram(histogram: Histogram) -> bytes:
    """Width of a count (1, 2, 4 or 8), then buckets (16 bits, ascending), then counts; little-endian."""
    if not histogram:
        return b""
    buckets = array("h", sorted(histogram))
    counts = list(map(histogram.__getitem__, buckets))
    most = max(counts)
    width = next(width for width in _COUNT_TYPES if most < 1 << (8 * width))
    return bytes((width,)) + _bytes(buckets) + _bytes(array(_COUNT_TYPES[width], counts))


def unpack_histogram(packed: bytes) -> Histogram:
    """The reverse of `pack_histogram`; ValueError when the bytes are not one."""
    if not packed:
        return {}
    width = packed[0]
    if width not in _COUNT_TYPES or (len(packed) - 1) % (2 + width):
        raise ValueError("not a histogram")
    middle = 1 + 2 * ((len(packed) - 1) // (2 + width))
    return dict(zip(_array("h", packed[1:middle]), _array(_COUNT_TYPES[width], packed[middle:]), strict=True))


def hash_of(text: str) -> int:
    """64 bits."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def uniques_of(texts: Iterable[str]) -> Uniques:
    """The sketch of some values."""
    return tuple(sorted({hash_of(text) for text in texts})[:KEPT_HASHES])


def merge_uniques(one: Uniques, other: Uniques) -> Uniques:
    """Both together; returns `one` itself when `other` brings nothing new."""
    if len(one) == KEPT_HASHES:
        other = other[: bisect_right(other, one[-1])]
    known = set(one)
    if known.issuperset(other):
        return one
    return tuple(sorted(known.union(other))[:KEPT_HASHES])


def estimate_uniques(uniques: Uniques) -> int:
    """How many values there were."""
    if len(uniques) < KEPT_HASHES:
        return len(uniques)
    return ((KEPT_HASHES - 1) << 64) // max(1, uniques[-1])


def pack_uniques(uniques: Uniques) -> bytes:
    """Hashes in ascending order, 8 bytes each, little-endian."""
    return _bytes(array("Q", uniques))


def unpack_uniques(packed: bytes) -> Uniques:
    """The reverse of `pack_uniques`; ValueError when the bytes are not one."""
    return tuple(_array("Q", packed))


def _bytes(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _array(typecode: str, packed: bytes) -> array[int]:
    numbers: array[int] = array(typecode)
    numbers.frombytes(packed)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
