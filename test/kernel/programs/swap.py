"""Has 128 pages of its own written to swap and reads each of them; prints how many pages the machine has read back meanwhile. Argument 1 is a cgroup for it alone."""
import mmap
import os
import sys
import time

PAGE = 4096
MADV_PAGEOUT = 21
cgroup = sys.argv[1]


def write(name, value):
    with open(os.path.join(cgroup, name), "w") as file:
        file.write(str(value))


def read_back():
    with open("/proc/vmstat") as file:
        return dict(line.split() for line in file)["pswpin"]


write("cgroup.procs", os.getpid())
before = int(read_back())
memory = mmap.mmap(-1, 128 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for page in range(128):
    memory[page * PAGE : (page + 1) * PAGE] = bytes([page + 1]) * PAGE
memory.madvise(MADV_PAGEOUT)
# What was written stays in memory until somebody needs that: a limit takes it away.
time.sleep(0.5)
with open(os.path.join(cgroup, "memory.current")) as file:
    current = int(file.read())
write("memory.high", max(0, current - 256 * PAGE))
write("memory.high", "max")
assert all(memory[page * PAGE] == page + 1 for page in range(128))
print("read back", int(read_back()) - before)
