"""A grpcio server of the RAG, the AI and the plugin service, made from this project's protos. It answers what a test has put ready, and tells what it was asked."""

from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

import grpc
import ai_service_pb2
import plugin_service_pb2
import rag_service_pb2
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import MessageFactory
from peer import serve_instructions

messages = MessageFactory()
asked = defaultdict(list)
answers = defaultdict(deque)
read = defaultdict(lambda: Semaphore(0))
PATIENCE_S = 20


def serve(method):
    """A handler for one RPC: each call takes the next list of answers; a status ends it early, once `after` parts have been read."""
    request_class = messages.GetPrototype(method.input_type)
    answer_class = messages.GetPrototype(method.output_type)

    def parts(request, context):
        asked[method.name].append(MessageToDict(request, preserving_proto_field_name=True))
        for answer in answers[method.name].popleft():
            if "abort" in answer:
                for _ in range(answer.get("after", 0)):
                    read[method.name].acquire(timeout=PATIENCE_S)
                context.abort(grpc.StatusCode[answer["abort"]], answer["details"])
            yield ParseDict(answer, answer_class())

    streams = method.name in STREAMS
    handler = grpc.unary_stream_rpc_method_handler if streams else grpc.unary_unary_rpc_method_handler
    behaviour = parts if streams else lambda request, context: next(parts(request, context))
    return handler(behaviour, request_class.FromString, answer_class.SerializeToString)


# Debian's protobuf for Python does not tell which methods stream.
STREAMS = {"StreamResponse", "StreamPlugin", "WatchHooks", "StreamPluginLogs"}

server = grpc.server(ThreadPoolExecutor(8))
files = {"RAGService": rag_service_pb2, "AIService": ai_service_pb2, "PluginService": plugin_service_pb2}
for service in (file.DESCRIPTOR.services_by_name[name] for name, file in files.items()):
    handlers = {method.name: serve(method) for method in service.methods if method.name != "IndexDocuments"}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()


def has_read(rpc):
    """The test has read one part more."""
    read[rpc].release()
    return {}


def ready(rpc, calls):
    """Puts the answers to the next calls of an RPC ready."""
    answers[rpc].extend(calls)
    asked[rpc].clear()
    read.pop(rpc, None)
    return {}


serve_instructions({
    "port": lambda: {"port": port},
    "ready": ready,
    "read": has_read,
    "asked": lambda rpc: {"requests": asked[rpc]},
})
server.stop(None).wait()
