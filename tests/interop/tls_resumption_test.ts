import { assertEquals } from "@std/assert";
import { Authority } from "../../scripts/certs/certificate.ts";
import { tempDir } from "../support/temp_dir.ts";
import { startServer } from "../transport/grpc_support.ts";
import { PYTHON, pythonTest } from "./python.ts";

const validDays = 30;
const SCRIPT = new URL("python/resume.py", import.meta.url).pathname;

const name = "startGrpcServer takes a resumed TLS session while its authority is trusted, and not after the authority was taken away";

Deno.test(name, pythonTest, async () => {
  await using dir = await tempDir();
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(`${dir.path}/${name}`, text);
    return `${dir.path}/${name}`;
  };
  const authority = await Authority.create("First", { validDays });
  const server = await authority.issue({ names: ["chat.test"], validDays });
  const client = await authority.issue({ names: ["client.test"], validDays });
  const paths = {
    certPath: await write("cert.pem", server.cert),
    keyPath: await write("key.pem", server.key),
    caPath: await write("ca.pem", authority.cert),
  };
  await using test = await startServer({ tls: paths });
  const files = [
    await write("trusted.pem", authority.cert),
    await write("client.pem", client.cert),
    await write("client-key.pem", client.key),
  ];
  const child = new Deno.Command(PYTHON, {
    args: [SCRIPT, `${test.server.port}`, ...files],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  // A line may come in pieces.
  const line = async () => {
    let read = "";
    while (!read.endsWith("\n")) {
      const { value, done } = await output.read();
      if (done) break;
      read += value;
    }
    return read;
  };
  const input = child.stdin.getWriter();
  const again = async () => {
    await input.write(new TextEncoder().encode("again\n"));
    return await line();
  };
  assertEquals(await line(), "whole taken\n");
  assertEquals(await again(), "resumed taken\n");
  await write("ca.pem", (await Authority.create("Second", { validDays })).cert);
  await test.files?.look();
  assertEquals(await again(), "resumed refused\n");
  await write("ca.pem", authority.cert);
  await test.files?.look();
  assertEquals(await again(), "resumed taken\n");
  await input.close();
  await output.cancel();
  assertEquals((await child.status).code, 0);
});
