"""Sleeps a number of times, then prints how often the kernel put it on a CPU: naps.py COUNT SECONDS."""
import os, sys, time


def runs():
    return int(open("/proc/self/schedstat").read().split()[2])


before = runs()
for _ in range(int(sys.argv[1])):
    time.sleep(float(sys.argv[2]))
print("runs", os.getpid(), before, runs(), flush=True)
