"""`python -m tests.bench [NAME …]`: all benchmarks, or those named."""

import sys

from tests.bench import checking, inprocess, ledger, postgres, replay, rpc, soak

BENCHMARKS = {
    "inprocess": inprocess.run,
    "rpc": rpc.run,
    "checking": checking.run,
    "ledger": ledger.run,
    "postgres": postgres.run,
    "replay": replay.run,
    "soak": soak.run,
}

for name in sys.argv[1:] or BENCHMARKS:
    print(f"── {name}, medians of 5")
    BENCHMARKS[name]()
