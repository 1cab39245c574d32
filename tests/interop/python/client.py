"""A grpcio client of the message service, made from the specification's protos. Its argument is the server's address."""

import queue
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
import message_service_pb2 as pb
import message_service_pb2_grpc as service
from peer import failure, fields, serve_instructions

LIMIT = [("grpc.max_receive_message_length", 16 * 1024 * 1024)]
PATIENCE_S = 10
channel = grpc.insecure_channel(sys.argv[1], options=LIMIT)
stub = service.MessageServiceStub(channel)
REQUESTS = {
    "CreateMessage": pb.CreateMessageRequest,
    "GetMessages": pb.GetMessagesRequest,
    "DeleteMessage": pb.DeleteMessageRequest,
}


def call(method, request=None, timeout=PATIENCE_S, metadata=None, binary=None, gzip=False):
    """One unary call: its answer, or what it failed with."""
    pairs = [*(metadata or {}).items(), *((key, bytes(value)) for key, value in (binary or {}).items())]
    compression = grpc.Compression.Gzip if gzip else None
    try:
        message = REQUESTS[method](**(request or {}))
        response = getattr(stub, method)(message, timeout=timeout, metadata=pairs, compression=compression)
        return {"answer": fields(response)}
    except grpc.RpcError as error:
        return failure(error)


def call_path(path):
    """A call of a method that the protos do not have."""
    try:
        channel.unary_unary(path)(b"", timeout=PATIENCE_S)
        return {"answer": {}}
    except grpc.RpcError as error:
        return failure(error)


class Stream:
    """One open StreamMessages call."""

    def __init__(self, compression=None):
        self._requests = queue.Queue()
        self.call = stub.StreamMessages(iter(self._requests.get, None), timeout=PATIENCE_S, compression=compression)

    def ask(self, subscribe_to):
        self._requests.put(pb.MessageStreamRequest(subscribe_to=subscribe_to))

    def half_close(self):
        self._requests.put(None)

    def begun(self):
        """Waits for the initial metadata, which comes when the subscription stands."""
        return dict(self.call.initial_metadata())

    def end(self):
        """The status after a cancel, or after the server's end."""
        self.call.cancel()
        try:
            for _ in self.call:
                pass
        except grpc.RpcError:
            pass
        finally:
            self.half_close()
        return self.call.code().name


def follow(subscribe_to, say):
    """Subscribes, sends what is to be said, and takes what comes until the last of it that the subscription asks for."""
    stream = Stream()
    stream.ask(subscribe_to)
    stream.begun()
    for message in say:
        stub.CreateMessage(pb.CreateMessageRequest(**message), timeout=PATIENCE_S)
    wanted = [message for message in say if subscribe_to in ("all", "", message["username"])]
    messages = [fields(next(stream.call)) for _ in wanted]
    return {"messages": messages, "code": stream.end()}


def server_streaming(sizes):
    """One request, its side closed, then many messages."""
    stream = Stream()
    stream.ask("all")
    stream.begun()
    stream.half_close()
    for size in sizes:
        stub.CreateMessage(pb.CreateMessageRequest(username="ann", content="x" * size), timeout=PATIENCE_S)
    received = [len(next(stream.call).content) for _ in sizes]
    return {"sizes": received, "code": stream.end()}


def ping_pong(sizes, gzip=False):
    """A request, then its answer, then the next request, over one stream."""
    stream = Stream(grpc.Compression.Gzip if gzip else None)
    stream.ask("all")
    stream.begun()
    received = []
    for size in sizes:
        stream.ask("ann")
        stub.CreateMessage(pb.CreateMessageRequest(username="ann", content="x" * size), timeout=PATIENCE_S)
        received.append(len(next(stream.call).content))
    return {"sizes": received, "code": stream.end()}


def empty_stream():
    """A stream whose client says nothing at all."""
    stream = Stream()
    stream.half_close()
    try:
        return {"messages": [fields(message) for message in stream.call]}
    except grpc.RpcError as error:
        return failure(error)


def cancel_after_begin():
    """Cancels before anything has been received."""
    stream = Stream()
    stream.ask("all")
    return {"code": stream.end()}


def cancel_after_first_response():
    """Cancels when the first message is there and others may be under way."""
    stream = Stream()
    stream.ask("all")
    stream.begun()
    stub.CreateMessage(pb.CreateMessageRequest(username="ann", content="first"), timeout=PATIENCE_S)
    content = next(stream.call).content
    return {"content": content, "code": stream.end()}


def concurrent_large_unary(count, request_size, response_size):
    """Many large calls at once over one connection."""

    def one(index):
        letter = chr(ord("a") + index % 26)
        request = pb.CreateMessageRequest(username="ann", content=letter * request_size, message_type=f"size:{response_size}")
        response = stub.CreateMessage(request, timeout=3 * PATIENCE_S)
        return response.content == letter * response_size

    with ThreadPoolExecutor(count) as pool:
        return {"right": sum(pool.map(one, range(count)))}


serve_instructions({
    "call": call,
    "call_path": call_path,
    "follow": follow,
    "server_streaming": server_streaming,
    "ping_pong": ping_pong,
    "empty_stream": empty_stream,
    "cancel_after_begin": cancel_after_begin,
    "cancel_after_first_response": cancel_after_first_response,
    "concurrent_large_unary": concurrent_large_unary,
})
channel.close()
