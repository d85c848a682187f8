from sparse_rnn import tables


def test_columns_are_as_wide_as_their_widest_cell_and_lines_have_no_trailing_space():
    rows = [("perplexity", "full"), ("valid", "108.6"), ("", "x"), ("test", "")]
    assert tables.aligned(rows).splitlines() == ["perplexity  full", "valid       108.6", "            x", "test"]


def test_no_rows_are_no_lines():
    assert tables.aligned([]) == ""
