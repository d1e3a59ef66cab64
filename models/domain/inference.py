"""What a workflow step asks a model and what it gets: the plain form of the Open Inference Protocol v2.

Where the protocol has a list of tensors, the plain form has an object: input name -> value, and output name -> value.
A value of one row stands alone; a list of them means as many rows, and the answer has lists of that length.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.domain.errors import Fault, InvalidInput


def plain_request(inputs: Any) -> dict[str, Any]:
    """The request for ModelPredictor.infer; InvalidInput unless `inputs` is an object (input name -> value)."""
    if not isinstance(inputs, Mapping):
        raise InvalidInput("The inputs of a model are an object.", [Fault("/inputs", "expected an object")])
    return {"inputs": dict(inputs)}


def plain_outputs(response: Mapping[str, Any]) -> dict[str, Any]:
    """Output name -> value, from the answer to a plain request."""
    outputs = response["outputs"]
    if isinstance(outputs, Mapping):
        return dict(outputs)
    return {one["name"]: one["data"] for one in outputs}
