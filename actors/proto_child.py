"""The other side of grpc_protos.py: compiles one .proto file and ends.

Started as a file of its own, with an empty environment, in a folder that has the text as `service.proto`; its limit of
memory is its argument. Writes the set of descriptors, with all that it imports, to its output.
"""

from __future__ import annotations

import resource
import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

_CPU_SECONDS = 10


def main(memory: int) -> int:
    """The exit code of protoc, whose messages go to the error output."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    known = files("grpc_tools") / "_proto"
    out = Path("out")
    code: int = protoc.main(
        ["protoc", "-I.", f"-I{known}", "--include_imports", f"--descriptor_set_out={out}", "service.proto"]
    )
    if code == 0:
        sys.stdout.buffer.write(out.read_bytes())
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
