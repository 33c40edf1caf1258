"""The queue of the tests: what is to be done now is done at once, what is to be done later is not done."""

from __future__ import annotations

from typing import Any

from django_tasks.backends.dummy import DummyBackend
from django_tasks.backends.immediate import ImmediateBackend


class AtOnce(ImmediateBackend):
    supports_defer = True

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        if task.run_after is None:
            return super().enqueue(task, args, kwargs)
        later: Any = DummyBackend(self.alias, {})
        return later.enqueue(task, args, kwargs)
