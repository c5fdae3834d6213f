"""Computes in a number of processes at once, all on one CPU: spin.py PROCESSES SECONDS."""
import os, sys, time

count, seconds = int(sys.argv[1]), float(sys.argv[2])
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
for _ in range(count - 1):
    if os.fork() == 0:
        break
end = time.monotonic() + seconds
while time.monotonic() < end:
    pass
