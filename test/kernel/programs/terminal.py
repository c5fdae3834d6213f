# Writes to a terminal in known ways: terminal.py DEVICE
import fcntl, os, sys, termios
side = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
os.write(side, b"one \x1b[1mtwo\n")
os.writev(side, [b"a" * 300, b"", b"b\n"])
if os.fork() == 0:
    os.setsid()
    fcntl.ioctl(side, termios.TIOCSCTTY, 0)
    os.write(os.open("/dev/tty", os.O_RDWR), b"three\n")
    os._exit(0)
os.wait()
