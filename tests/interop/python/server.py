"""A grpcio server of the message service, made from the specification's protos, which does what a test's requests ask it to."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import ai_service_pb2 as ai
import ai_service_pb2_grpc as ai_service
import message_service_pb2 as pb
import message_service_pb2_grpc as service
from peer import serve_instructions

PATIENCE_S = 20
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"


class Counter:
    """A number that tests wait for."""

    def __init__(self):
        self._count = 0
        self._changed = threading.Condition()

    def add(self):
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait_for(self, count):
        with self._changed:
            self._changed.wait_for(lambda: self._count >= count, PATIENCE_S)
            return {"count": self._count}


begun = Counter()
ended = Counter()
metadata_seen = []
attempts = {}


def sleep(context):
    """Counts the call as begun, waits for it to be over, by its client's deadline or cancel, and counts it as ended."""
    over = threading.Event()
    if not context.add_callback(over.set):
        over.set()
    begun.add()
    if over.wait(60):
        ended.add()


class MessageService(service.MessageServiceServicer):
    """`message_type` says what is to become of a call."""

    def CreateMessage(self, request, context):
        metadata_seen.append({key: value for key, value in context.invocation_metadata() if isinstance(value, str)})
        kind, _, argument = request.message_type.partition(":")
        if kind == "fail":
            context.set_trailing_metadata((("chat-error-field", "content"), ("chat-retry-after-ms", "1")))
            context.abort(grpc.StatusCode[argument], SPECIAL if request.content == "special" else request.content)
        if kind == "sleep":
            sleep(context)
        if kind == "flaky":
            attempts[request.content] = attempts.get(request.content, 0) + 1
            if attempts[request.content] < int(argument):
                context.abort(grpc.StatusCode.UNAVAILABLE, "Not yet")
        content = request.content[:1] * int(argument) if kind == "size" else request.content
        return pb.MessageResponse(id=1, content=content, username=request.username, message_type=kind, timestamp=1_700_000_000, metadata=request.metadata)

    def GetMessages(self, request, context):
        return pb.GetMessagesResponse()

    def StreamMessages(self, requests, context):
        """Sends a message for each size that a request names. "resumable:" before them tells a position first, "sleep:" sleeps after them."""
        for request in requests:
            kind, _, argument = request.subscribe_to.rpartition(":")
            if kind == "resumable":
                context.send_initial_metadata((("chat-resume-seq", "0"),))
            for index, size in enumerate(json.loads(argument)):
                yield pb.MessageResponse(id=index + 1, content="x" * size, username="ann", message_type="text", timestamp=1_700_000_000)
            if kind != "":
                sleep(context)


class AIService(ai_service.AIServiceServicer):
    """Says what it was asked, so that a test sees it."""

    def GenerateResponse(self, request, context):
        said = f"{request.prompt} {request.temperature:.2f} {request.max_tokens} {list(request.context)}"
        return ai.AIResponse(response=said, model=request.model, tokens_used=7, confidence=0.5)

    def StreamResponse(self, request, context):
        for word in request.prompt.split():
            yield ai.AIResponseChunk(content=word)
        if request.model == "sleep":
            sleep(context)
        if request.model == "fail":
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "No words left")
        yield ai.AIResponseChunk(is_complete=True)

    def AnalyzeSentiment(self, request, context):
        return ai.SentimentResponse(sentiment="positive", confidence=0.75, scores={"positive": 0.75, "negative": 0.25})


server = grpc.server(
    ThreadPoolExecutor(64),
    options=[("grpc.max_receive_message_length", 16 * 1024 * 1024)],
    compression=grpc.Compression.Gzip,
)
service.add_MessageServiceServicer_to_server(MessageService(), server)
ai_service.add_AIServiceServicer_to_server(AIService(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
serve_instructions({
    "port": lambda: {"port": port},
    "begun": begun.wait_for,
    "ended": ended.wait_for,
    "metadata": lambda: {"last": metadata_seen[-1]},
})
server.stop(None).wait()
