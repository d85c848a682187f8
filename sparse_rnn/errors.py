"""The one exception for what a person can cause and mend."""


class UserError(ValueError):
    """Something the caller gave cannot be used; the message is one sentence: what, where, what to do.

    The library raises it to Python callers as a ValueError; the commands print the
    sentence alone and end with exit code 2.
    """
