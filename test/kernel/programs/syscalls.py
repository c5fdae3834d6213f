"""Makes system calls of known numbers: 500 getppid, 13 rmdir that fail, 10 naps of 10 ms, and 7 getppid of a child."""
import os, time

for _ in range(500):
    os.getppid()
for _ in range(13):
    try:
        os.rmdir("/nonexistent")
    except OSError:
        pass
for _ in range(10):
    time.sleep(0.01)
child = os.fork()
if child == 0:
    for _ in range(7):
        os.getppid()
    os._exit(0)
os.waitpid(child, 0)
print("pids", os.getpid(), child, flush=True)
