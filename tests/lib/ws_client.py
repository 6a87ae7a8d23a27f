#!/usr/bin/env python3
"""A WebSocket client of the API, as a browser would be one: connects, says something, prints what it hears.

ws_client.py KUBECONFIG PATH PROTOCOL [MESSAGE...]

A message is sent as it is; \\x00 stands for the byte 0. Channel protocols: a line for each channel, its
number and all it said. Others: the bytes. The last line is the close's code.
"""
import base64, os, re, socket, ssl, struct, sys, tempfile
from urllib.parse import urlparse


def connect(path):
    text = open(path).read()
    url = urlparse(re.search(r"server: (\S+)", text).group(1))
    context = ssl.create_default_context()
    files = []
    for key in ("certificate-authority", "client-certificate", "client-key"):
        file = tempfile.NamedTemporaryFile()
        file.write(base64.b64decode(re.search(key + r"-data: (\S+)", text).group(1)))
        file.flush()
        files.append(file)
    context.load_verify_locations(files[0].name)
    context.load_cert_chain(files[1].name, files[2].name)
    raw = socket.create_connection((url.hostname, url.port), timeout=30)
    return context.wrap_socket(raw, server_hostname=url.hostname)


def frame(opcode, payload):
    mask = os.urandom(4)
    size = len(payload)
    head = bytes([0x80 | opcode, 0x80 | size]) if size < 126 else bytes([0x80 | opcode, 0xFE]) + struct.pack(">H", size)
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def messages(stream):
    """(opcode, payload) until the end; fragments put together."""
    whole = b""
    while head := stream.read(2):
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack(">H", stream.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", stream.read(8))[0]
        payload = stream.read(size)
        whole = payload if head[0] & 0x0F else whole + payload
        if head[0] & 0x80:
            yield head[0] & 0x0F, whole


def main():
    kubeconfig, path, protocol, *said = sys.argv[1:]
    sock = connect(kubeconfig)
    key = base64.b64encode(os.urandom(16)).decode()
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
    )
    stream = sock.makefile("rb")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.read(1)
        if not byte:
            sys.exit("no answer")
        head += byte
    if not head.startswith(b"HTTP/1.1 101"):
        sys.exit(head.decode())
    for message in said:
        sock.sendall(frame(2, message.encode().replace(rb"\x00", b"\0")))
    channels, code = {}, "none"
    for opcode, payload in messages(stream):
        if opcode == 8:
            code = struct.unpack(">H", payload[:2])[0] if payload else 1005
            break
        if "channel" in protocol:
            channels[payload[0]] = channels.get(payload[0], b"") + payload[1:]
        elif opcode in (1, 2):
            sys.stdout.write(payload.decode())
    for number in sorted(channels):
        print(number, channels[number].decode().strip())
    print("close", code)


main()
