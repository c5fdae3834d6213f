# In a network namespace of its own: accepts one connection a family on loopback, and prints the four ports and addresses of each.
import ctypes, fcntl, socket, struct

if ctypes.CDLL(None, use_errno=True).unshare(0x40000000) != 0:
    raise OSError(ctypes.get_errno(), "unshare")
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(control, 0x8914, struct.pack("16sh22x", b"lo", 0x1 | 0x40))
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen()
    client = socket.create_connection(listener.getsockname()[:2])
    server, _ = listener.accept()
    print("accepted", address, client.getsockname()[1], address, listener.getsockname()[1], flush=True)
    for end in (client, server, listener):
        end.close()
