/**
 * The same empty handler in grpc-js on Node: `node node_server.mjs PROTO_FILE FOLDER`; the folder is where the two packages are installed.
 * Says its port as one JSON line and ends with its input.
 */
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(`${process.argv[3]}/`);
const { Server, ServerCredentials, loadPackageDefinition } = require("@grpc/grpc-js");
const { loadSync } = require("@grpc/proto-loader");

const definition = loadSync(process.argv[2], { longs: Number, defaults: true, arrays: true, objects: true });
const server = new Server();
server.addService(loadPackageDefinition(definition).chat.MessageService.service, {
  CreateMessage(call, callback) {
    const { content, username } = call.request;
    const [id, createdAtMs] = [1, 1_790_000_000_000];
    const fixed = {
      messageType: "text",
      timestamp: 1_790_000_000,
      metadata: {},
      room: "general",
      seq: id,
      version: 1,
      clientMessageId: "",
    };
    callback(null, { ...fixed, id, content, username, eventType: "created", createdAtMs, updatedAtMs: createdAtMs, deleted: false });
  },
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(JSON.stringify({ grpcPort: port }));
});
process.stdin.resume().on("end", () => process.exit(0));
