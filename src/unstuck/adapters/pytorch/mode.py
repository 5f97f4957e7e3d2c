"""Where every function of tensors passes through a watch."""

from __future__ import annotations

from typing import Any

from torch.overrides import TorchFunctionMode, _get_current_function_mode

from unstuck.adapters.pytorch import transforms
from unstuck.adapters.pytorch.handlers import HANDLERS, tag
from unstuck.adapters.pytorch.watching import Watching


class Mode(TorchFunctionMode):
    """Leads every function of tensors through the watch, but while it is away."""

    def __init__(self, watch: Watching) -> None:
        super().__init__()
        self._watch = watch
        self._is_away = False

    def go_away(self) -> None:
        """Functions of tensors are called at once from here on, unless another mode was entered since."""
        if not self._is_away and _get_current_function_mode() is self:
            super().__exit__(None, None, None)
            self._is_away = True

    def come_back(self) -> None:
        if self._is_away:
            self._is_away = False
            super().__enter__()

    def __exit__(self, *error: Any) -> None:
        self.come_back()
        super().__exit__(*error)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        watch, kwargs = self._watch, kwargs or {}
        handler = HANDLERS.get(func)
        if (handler is None and not watch.detailed) or watch.quiet or transforms.is_inside():
            return func(*args, **kwargs)
        result = func(*args, **kwargs) if handler is None else handler(watch, func, args, kwargs)
        if watch.detailed:
            tag(watch, result)
        return result
