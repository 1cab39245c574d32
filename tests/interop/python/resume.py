"""Two TLS connections to PORT, the second with the session of the first, when a line comes on the standard input; prints what became of each."""

import socket
import ssl
import sys

port, ca, cert, key = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(ca)
context.load_cert_chain(cert, key)
context.set_alpn_protocols(["h2"])
# In the older version the ticket comes with the handshake.
context.maximum_version = ssl.TLSVersion.TLSv1_2


def connect(session=None):
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    line = context.wrap_socket(plain, server_hostname="chat.test", session=session)
    # Whom the server takes gets its settings as the first frame.
    line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    try:
        first = line.recv(9)
    except OSError:
        first = b""
    print("resumed" if line.session_reused else "whole", "taken" if first else "refused", flush=True)
    kept = line.session
    line.close()
    return kept


session = connect()
for _ in sys.stdin:
    connect(session)
