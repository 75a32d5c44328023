"""Wake the thread that talks to browsers once for all that a page has drawn meanwhile.

What: replaces `Runtime._enqueued_some_message` of `streamlit.runtime.runtime`, and uses its
    `_get_async_objs`.
Why: Streamlit wakes that thread for each element of a page, by a write to a socket. Each write lets
    go of the interpreter's lock, and a busy process gives it back only after
    `sys.getswitchinterval()`: a page of a hundred elements waited a hundred times behind the work
    for others.
Until: Streamlit wakes it only when it has not been woken yet.
"""

from __future__ import annotations

from streamlit.runtime.runtime import AsyncObjects, Runtime

_woken: set[AsyncObjects] = set()


def _wake(runtime: Runtime) -> None:
    """Let the event loop flush what was drawn. Called on any thread, after a message was queued."""
    loop_objects = runtime._get_async_objs()
    # Both are undone before the queues are flushed, so this message will be among them.
    if loop_objects.need_send_data.is_set() or loop_objects in _woken:
        return
    _woken.add(loop_objects)

    def flush() -> None:
        _woken.discard(loop_objects)
        loop_objects.need_send_data.set()

    loop_objects.eventloop.call_soon_threadsafe(flush)


def wake_seldom() -> None:
    """Let the server that is started next be woken so."""
    Runtime._enqueued_some_message = _wake  # type: ignore[assignment,method-assign]
