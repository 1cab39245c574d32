"""A plugin of this system in Python over grpcio, as its author would write it: an action, one that streams, a hook, and questions to the system in between."""

import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import plugin_service_pb2 as pb
import plugin_service_pb2_grpc as rpc
from peer import serve_instructions

MANIFEST = pb.PluginManifest(
    name="snake",
    version="1.0.0",
    actions=[pb.PluginAction(name=name, streams=name == "count") for name in ("double", "remember", "count", "fail")],
    hooks=[pb.PluginHook(event="message.before_create")],
    permissions=pb.PluginPermissions(capabilities=["storage", "messages.post"]),
)


class Plugin(rpc.RemotePluginServiceServicer):
    def DescribePlugin(self, request, context):
        return MANIFEST

    def RunAction(self, request, context):
        given = json.loads(request.input_json)
        if request.action == "fail":
            raise ValueError("A bug of the plugin")
        if request.action == "double":
            if "number" not in given:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "I need a number")
            return pb.PluginOutput(output_json=json.dumps(given["number"] * 2), seq=1)
        with grpc.insecure_channel(request.caller.host_address) as channel:
            system = rpc.PluginHostServiceStub(channel)
            value = pb.StorageRequest(operation="set", key=request.caller.username, value=given["text"])
            kept = system.UseCapability(pb.CapabilityRequest(token=request.caller.token, storage=value), timeout=10)
            said = pb.CapabilityRequest(token=request.caller.token)
            said.post_message.content = "Kept " + given["text"]
            try:
                message = system.UseCapability(said, timeout=10).message
                posted = [message.username, message.room, message.content]
            except grpc.RpcError as error:
                posted = [error.code().name, error.details()]
        output = {"version": kept.storage.entries[0].version, "posted": posted}
        return pb.PluginOutput(output_json=json.dumps(output), seq=1)

    def StreamAction(self, request, context):
        for number in range(1, json.loads(request.input_json)["to"] + 1):
            yield pb.PluginOutput(output_json=str(number), seq=number)

    def RunHook(self, request, context):
        if "snake" not in request.draft.content:
            return pb.HookDecision()
        decision = pb.HookDecision(decision="rewrite", reason="Snakes are called by their name", draft=request.draft)
        decision.draft.content = request.draft.content.replace("snake", "python")
        return decision


server = grpc.server(ThreadPoolExecutor(8))
rpc.add_RemotePluginServiceServicer_to_server(Plugin(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
serve_instructions({"port": lambda: {"port": port}})
