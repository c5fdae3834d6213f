# Two processes, each on a CPU of its own where there are two, take turns: each calls chdir("") once a turn, and then wakes the other.
import ctypes, os, sys

turns = int(sys.argv[1])
cpus = sorted(os.sched_getaffinity(0))
libc = ctypes.CDLL(None)
empty = ctypes.c_char_p(b"")
to_child, to_parent = os.pipe(), os.pipe()
child = os.fork()
mine, theirs = (to_parent, to_child) if child else (to_child, to_parent)
os.sched_setaffinity(0, {cpus[0] if child else cpus[-1]})
if child:
    os.write(mine[1], b"x")
for _ in range(turns):
    os.read(mine[0], 1)
    libc.chdir(empty)
    os.write(theirs[1], b"x")
if child:
    os.waitpid(child, 0)
