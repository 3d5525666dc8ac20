"""Pictures that look alike: found among thousands without comparing each with each, and none missed."""

import random
import time

from bria_async.images.alike import MOST_BITS, alike


def flipped(value: int, bits: int, rng: random.Random) -> int:
    """The same hash with so many of its bits the other way round."""
    for bit in rng.sample(range(64), bits):
        value ^= 1 << bit
    return value


def test_every_near_pair_is_found_and_no_other() -> None:
    """Exact up to the limit, wherever the different bits are, as comparing all with all would find it."""
    rng = random.Random(1)
    for bits in range(12):
        for _ in range(300):
            rows, columns = rng.getrandbits(64), rng.getrandbits(64)
            near = alike({"a": (rows, columns), "b": (flipped(rows, bits, rng), columns)})
            assert near == ((("a", "b"),) if bits <= MOST_BITS else ()), f"{bits} bits: {near}"


def test_both_hashes_decide() -> None:
    """Pictures of one subject in their middle have rows in common, and not the columns."""
    rng = random.Random(2)
    rows, columns = rng.getrandbits(64), rng.getrandbits(64)
    assert alike({"a": (rows, columns), "b": (rows, flipped(columns, MOST_BITS + 1, rng))}) == ()
    assert alike({"a": (rows, columns), "b": (rows, flipped(columns, MOST_BITS, rng))}) == (("a", "b"),)


def test_a_series_is_one_group_and_groups_stay_apart() -> None:
    """Each like the one before, though the last is not like the first; equal hashes belong together."""
    rng = random.Random(3)
    series = [(rng.getrandbits(64), rng.getrandbits(64))]
    for step in range(4):
        rows = series[-1][0]
        for bit in range(step * 6, step * 6 + 6):
            rows ^= 1 << bit
        series.append((rows, series[0][1]))
    other = (rng.getrandbits(64), rng.getrandbits(64))
    lone = (rng.getrandbits(64), rng.getrandbits(64))
    hashes = {"x": other, **{str(number): value for number, value in enumerate(series)}, "y": other, "z": lone}
    assert alike(hashes) == (("x", "y"), ("0", "1", "2", "3", "4")), alike(hashes)


def test_five_thousand_take_well_under_a_second() -> None:
    """Of pure Python, and with a planted copy of each hundredth found."""
    rng = random.Random(4)
    hashes = {str(number): (rng.getrandbits(64), rng.getrandbits(64)) for number in range(5000)}
    some = [str(number) for number in range(0, 5000, 100)]
    copies = {f"copy of {name}": (flipped(hashes[name][0], 6, rng), hashes[name][1]) for name in some}
    began = time.process_time()
    groups = alike({**hashes, **copies})
    took = time.process_time() - began
    assert groups == tuple((name, f"copy of {name}") for name in some), f"{len(groups)} groups"
    assert took < 1.0, f"{took:.2f} s"
