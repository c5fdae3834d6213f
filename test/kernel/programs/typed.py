# Types lines into a shell at a terminal of its own: typed.py SHELL LINE…
import os, pty, sys, time

pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "--norc", "-i"])
os.read(terminal, 4096)
for line in [*sys.argv[2:], "exit"]:
    os.write(terminal, line.encode() + b"\n")
    time.sleep(0.3)
    os.read(terminal, 65536)
os.waitpid(pid, 0)
