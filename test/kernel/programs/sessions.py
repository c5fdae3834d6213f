# TCP on loopback of a network namespace of the test's own, with known ends. Prints a line for each session: WHO PORT PEER_PORT.
import fcntl, os, socket, struct, sys

control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

def configure(name, address=None):
    if address:
        for call, value in ((0x8916, address), (0x891C, "255.255.255.0")):
            fcntl.ioctl(control, call, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(value)))
    fcntl.ioctl(control, 0x8914, struct.pack("16sh22x", name, 0x1 | 0x40))

def serve(family, address, server_closes_first):
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen()
    client = socket.create_connection(listener.getsockname()[:2])
    server, _ = listener.accept()
    client.sendall(b"x" * 3072)
    while len(server.recv(3072, socket.MSG_WAITALL)) < 3072: pass
    server.sendall(b"y" * 5120)
    while len(client.recv(5120, socket.MSG_WAITALL)) < 5120: pass
    print("session", client.getsockname()[1], listener.getsockname()[1], flush=True)
    first, second = (server, client) if server_closes_first else (client, server)
    first.close()
    second.recv(1)
    second.close()
    listener.close()

configure(b"lo")
if "sessions" in sys.argv:
    serve(socket.AF_INET, "127.0.0.1", False)
    serve(socket.AF_INET6, "::1", True)
if "reset" in sys.argv:
    # Who closes what it has not read resets the connection.
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    client.sendall(b"unread")
    print("session", client.getsockname()[1], listener.getsockname()[1], flush=True)
    server.close()
    client.close()
if "refused" in sys.argv:
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    try: socket.create_connection(port.getsockname())
    except ConnectionRefusedError: print("refused", port.getsockname()[1], flush=True)
if "lost" in sys.argv:
    # Nobody reads what goes into this device, so the first packet of the connection is sent again after a second.
    tunnel = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tunnel, 0x400454CA, struct.pack("16sH22x", b"tun0", 0x1001))
    configure(b"tun0", "10.9.0.1")
    lost = socket.socket()
    lost.settimeout(1.5)
    try: lost.connect(("10.9.0.2", 77))
    except TimeoutError: print("lost", lost.getsockname()[1], flush=True)
if "probe" in sys.argv:
    # A peer of our own on the device: it takes the connection and acknowledges nothing, so the sender probes whether its last packet was lost.
    def checksum(data):
        total = sum(struct.unpack(f"!{len(data) // 2}H", data))
        while total > 0xFFFF: total = (total & 0xFFFF) + (total >> 16)
        return ~total & 0xFFFF

    def answer(packet):
        source, target = packet[12:16], packet[16:20]
        port, peer, sequence = struct.unpack("!HHL", packet[20:28])
        # SYN and ACK, with a size of segments and selective acknowledgements permitted.
        options = struct.pack("!BBHBBBB", 2, 4, 1400, 4, 2, 1, 1)
        tcp = struct.pack("!HHLLBBHHH", peer, port, 7, sequence + 1, 7 << 4, 0x12, 65000, 0, 0) + options
        pseudo = target + source + struct.pack("!BBH", 0, 6, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + target + source
        return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp

    import threading
    tunnel = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tunnel, 0x400454CA, struct.pack("16sH22x", b"tun1", 0x1001))
    configure(b"tun1", "10.9.1.1")
    def serve_once():
        while True:
            packet = os.read(tunnel, 2000)
            if packet[0] == 0x45 and packet[9] == 6 and packet[33] == 0x02: break
        os.write(tunnel, answer(packet))
    threading.Thread(target=serve_once).start()
    sender = socket.create_connection(("10.9.1.2", 78))
    sender.send(b"never acknowledged")
    print("lost", sender.getsockname()[1], flush=True)
    import time
    time.sleep(1.5)
