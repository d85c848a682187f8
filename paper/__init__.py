"""The paper's tables, a command each: what it reports, what these trainers reach, and what is still to be run."""
