"""What the Python peers share: the arguments, the clock, the answer."""

import json
import sys
import time


def arguments():
    """folder for the data, instances in flight, seconds"""
    return sys.argv[1], int(sys.argv[2]), float(sys.argv[3])


def answer(steps, elapsed, times, setting):
    """Prints what was measured as one line of JSON; `times` are seconds from start to end of a process."""
    times.sort()
    at = lambda p: 1000 * times[min(len(times) - 1, len(times) * p // 100)] if times else 0
    print(json.dumps({"steps_per_s": steps / elapsed, "p50_ms": at(50), "p99_ms": at(99), "setting": setting}))


clock = time.perf_counter
