"""What is zero: units kept of total, elements, rows and columns."""
