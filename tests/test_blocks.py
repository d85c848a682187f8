import numpy as np
import pytest

from sparse_rnn import blocks


@pytest.mark.parametrize("shape", [[7, 12], [12], [3, 4, 5], [1, 100], [1000, 1]])
def test_blocks_are_all_rows_once_in_order(shape, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 25)
    array = np.arange(np.prod(shape)).reshape(shape)
    found = [array[start:stop] for start, stop in blocks.row_blocks(shape)]
    np.testing.assert_array_equal(np.concatenate(found), array)
    per_row = array[0].size
    assert all(block.size <= max(25, per_row) for block in found)
    for block in found[:-1]:
        assert block.size + per_row * (blocks.ALIGNED if len(block) >= blocks.ALIGNED else 1) > 25


@pytest.mark.parametrize("block, starts", [(31, [0, 10, 20]), (80, [0, 16]), (90, [0, 16]), (96, [0])])
def test_blocks_of_many_rows_begin_at_multiples_of_64_bytes(block, starts, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    assert [start for start, _ in blocks.row_blocks([30, 3])] == starts


def test_a_row_that_is_larger_than_a_block_is_one(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 25)
    assert blocks.row_blocks([3, 60]) == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize("shape", [None, [], [None, 4]])
def test_what_cannot_be_cut_has_no_blocks(shape):
    assert blocks.row_blocks(shape) == []
