# Makes a TLS session with itself, without a network: tls.py CERTIFICATE_AND_KEY
import ssl, sys
server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_side.load_cert_chain(sys.argv[1])
client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client_side.check_hostname = False
client_side.verify_mode = ssl.CERT_NONE
there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
client = client_side.wrap_bio(back, there)
server = server_side.wrap_bio(there, back, server_side=True)
for _ in range(3):
    for end in (client, server):
        try: end.do_handshake()
        except ssl.SSLWantReadError: pass
client.write(b"GET /secret\n")
assert server.read(100) == b"GET /secret\n"
server.write(b"\x1b\xffbytes" + b"z" * 300)
assert len(client.read(1000)) == 307
