"""A grpcio server of the message service, made from the specification's protos, which does what a test's requests ask it to."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import message_service_pb2 as pb
import message_service_pb2_grpc as service
from peer import serve_instructions

PATIENCE_S = 10
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"


class Cancellations:
    """Counts the calls whose clients went away, and lets a test wait for them."""

    def __init__(self):
        self._count = 0
        self._changed = threading.Condition()

    def watch(self, context):
        """Returns an event that is set when the call has ended."""
        ended = threading.Event()

        def end():
            with self._changed:
                self._count += 1
                self._changed.notify_all()
            ended.set()

        if not context.add_callback(end):
            end()
        return ended

    def wait_for(self, count):
        with self._changed:
            self._changed.wait_for(lambda: self._count >= count, PATIENCE_S)
            return self._count


cancellations = Cancellations()
metadata_seen = []
attempts = {}


class MessageService(service.MessageServiceServicer):
    """`message_type` says what is to become of a call."""

    def CreateMessage(self, request, context):
        metadata_seen.append({key: value for key, value in context.invocation_metadata() if isinstance(value, str)})
        kind, _, argument = request.message_type.partition(":")
        if kind == "fail":
            context.set_trailing_metadata((("chat-error-field", "content"), ("chat-retry-after-ms", "1")))
            context.abort(grpc.StatusCode[argument], SPECIAL if request.content == "special" else request.content)
        if kind == "sleep":
            cancellations.watch(context).wait(PATIENCE_S)
        if kind == "flaky":
            attempts[request.content] = attempts.get(request.content, 0) + 1
            if attempts[request.content] < int(argument):
                context.abort(grpc.StatusCode.UNAVAILABLE, "Not yet")
        content = request.content[:1] * int(argument) if kind == "size" else request.content
        return pb.MessageResponse(id=1, content=content, username=request.username, message_type=kind, timestamp=1_700_000_000, metadata=request.metadata)

    def GetMessages(self, request, context):
        return pb.GetMessagesResponse()

    def StreamMessages(self, requests, context):
        """Sends one message for each size that a request names. With "resumable:" before them it tells a position first."""
        ended = None
        for request in requests:
            kind, _, argument = request.subscribe_to.rpartition(":")
            if kind.startswith("resumable") and ended is None:
                context.send_initial_metadata((("chat-resume-seq", "0"),))
            if kind.endswith("wait") and ended is None:
                ended = cancellations.watch(context)
            for index, size in enumerate(json.loads(argument)):
                yield pb.MessageResponse(id=index + 1, content="x" * size, username="ann", message_type="text", timestamp=1_700_000_000)
        if ended is not None:
            ended.wait(PATIENCE_S)


server = grpc.server(
    ThreadPoolExecutor(64),
    options=[("grpc.max_receive_message_length", 16 * 1024 * 1024)],
    compression=grpc.Compression.Gzip,
)
service.add_MessageServiceServicer_to_server(MessageService(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
serve_instructions({
    "port": lambda: {"port": port},
    "cancellations": lambda count: {"count": cancellations.wait_for(count)},
    "metadata": lambda: {"last": metadata_seen[-1]},
})
server.stop(None).wait()
