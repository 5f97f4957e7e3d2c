"""How a watch ends a script."""


class Stopped(BaseException):  # noqa: N818 - no error: scripts that catch Exception must not see it
    """A watch has seen enough."""
