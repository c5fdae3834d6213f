# In a network namespace of the test's own: binds with known ends. Prints "bound PORT" for each that succeeds.
import errno, fcntl, socket, struct

control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(control, 0x8914, struct.pack("16sh22x", b"lo", 0x1 | 0x40))

def bind(family, kind, address, options=()):
    s = socket.socket(family, kind)
    for level, option in options: s.setsockopt(level, option, 1)
    try:
        s.bind(address)
        print("bound", s.getsockname()[1], flush=True)
    except OSError as error:
        print("failed", errno.errorcode[error.errno], flush=True)
    return s

IP_TRANSPARENT, IP_FREEBIND, IP_BIND_ADDRESS_NO_PORT = 19, 15, 24
stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
first = bind(socket.AF_INET, stream, ("127.0.0.1", 0), [(socket.SOL_SOCKET, socket.SO_REUSEADDR), (socket.SOL_IP, IP_FREEBIND)])
bind(socket.AF_INET6, datagram, ("::1", 0), [(socket.SOL_SOCKET, socket.SO_REUSEPORT)])
bind(socket.AF_INET, datagram, ("127.0.0.1", 0), [(socket.SOL_IP, IP_TRANSPARENT), (socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT)])
bind(socket.AF_INET, stream, first.getsockname())
bind(socket.AF_INET6, stream, ("2001:db8::5", 77))
first.listen(7)
