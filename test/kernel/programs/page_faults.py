# Says its CPU, stays on it, and for each line touches 1000 new pages between two system calls that fail: chdir("") before and after.
import ctypes, mmap, os, sys

cpu = max(os.sched_getaffinity(0))
os.sched_setaffinity(0, {cpu})
libc = ctypes.CDLL(None)
empty = ctypes.c_char_p(b"")
print("cpu", hex(cpu))
print("ready", flush=True)
for _ in sys.stdin:
    area = mmap.mmap(-1, 1000 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.madvise(15)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    pages = [ctypes.c_char.from_address(start + index * mmap.PAGESIZE) for index in range(1000)]
    libc.chdir(empty)
    for page in pages:
        page.value = b"x"
    libc.chdir(empty)
    print("touched", flush=True)
