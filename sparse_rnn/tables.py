"""Plain text tables."""

from typing import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """The rows as lines whose columns are padded to equal width, two spaces apart.

    >>> print(aligned([("lstm_0", "kept 3 of 5"), ("embedding", "kept 4 of 4")]))
    lstm_0     kept 3 of 5
    embedding  kept 4 of 4
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
