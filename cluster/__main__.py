"""`python -m cluster` is the command `tidewire`, or one of its processes: `process NAME --data FOLDER`."""

import sys

if sys.argv[1:2] == ["process"]:
    # Without the command line's libraries, which no process of ours needs.
    from cluster.processes.running import start

    start(sys.argv[2], sys.argv[4])
else:
    from cluster.cli import main

    main()
