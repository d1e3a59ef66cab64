"""`call: http` on a session host: as actors/http_step.py, with the tenant's secrets and tokens."""

from __future__ import annotations

from typing import Any

from actors.call_host import Call
from actors.http_step import check_answer, request_of, shaped


class HttpCall:
    """A Performer."""

    async def perform(self, call: Call) -> Any:
        """The output in the form that the task asks for; a status outside 2xx is an error."""
        wanted = dict(call.request)
        authentication = wanted.pop("authentication", None)
        request = request_of(wanted, call.idempotency_key, call.seconds_left)
        response = await call.send(request, authentication)
        check_answer(wanted, request, response)
        return shaped(wanted, response)
