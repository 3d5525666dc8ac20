"""Pictures that look alike, by their hashes: near ones are found without comparing each with each.

Theory. Two hashes that differ in at most 7 of their 64 bits have one of their 8 bytes in common, because 7 differences
cannot touch all 8. So a picture is only compared with those that have a byte in common with it in the same place: of
5,000 different pictures some 150 each instead of 5,000, and none is missed. The byte is one of the first hash; both
hashes decide, because pictures of one subject in their middle often have the first one in common.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")
Hash = tuple[int, int]
"""Two hashes of 64 bits, of a picture's rows and of its columns."""

MOST_BITS = 6
"""Bits in which each of the two hashes may differ between pictures that look alike: copies that were encoded anew,
scaled or slightly brightened differ in none or one, different pictures of one subject in 14 and more. Not more than 7,
see above."""

_BANDS = range(0, 64, 8)
_BYTE = 0xFF


def alike(hashes: Mapping[T, Hash]) -> tuple[tuple[T, ...], ...]:
    """Groups of two and more that look alike, in the order in which they are given.

    What looks like something of a group belongs to it: a series of pictures, each like the one before, is one group.
    """
    holders: dict[Hash, list[T]] = defaultdict(list)
    for holder, value in hashes.items():
        holders[value].append(holder)
    heads = _heads(list(holders))
    groups: dict[Hash, list[T]] = defaultdict(list)
    for holder, value in hashes.items():
        groups[heads[value]].append(holder)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _heads(values: Sequence[Hash]) -> dict[Hash, Hash]:
    """Each hash -> the one that stands for its group."""
    parent = {value: value for value in values}

    def head(value: Hash) -> Hash:
        while parent[value] != value:
            parent[value] = parent[parent[value]]
            value = parent[value]
        return value

    for one, other in _pairs(values):
        parent[head(other)] = head(one)
    return {value: head(value) for value in values}


def _pairs(values: Sequence[Hash]) -> Iterator[tuple[Hash, Hash]]:
    """Different hashes that are near, some pairs of them more than once."""
    buckets: dict[tuple[int, int], list[Hash]] = defaultdict(list)
    for value in values:
        rows, columns = value
        for band in _BANDS:
            bucket = buckets[band, rows >> band & _BYTE]
            yield from (
                (earlier, value)
                for earlier in bucket
                if (earlier[0] ^ rows).bit_count() <= MOST_BITS and (earlier[1] ^ columns).bit_count() <= MOST_BITS
            )
            bucket.append(value)
