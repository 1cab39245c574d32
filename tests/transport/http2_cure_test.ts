import { assertEquals } from "@std/assert";
import { http2Soak, SHORT } from "../../scripts/soak/http2.ts";

// The same soak without the cure loses most of its servers: `deno run -A scripts/soak/http2.ts --short --without-cure`.
Deno.test("http2 cure: servers and clients outlive connections that end in every way, plain and TLS", async () => {
  const lines: string[] = [];
  const result = await http2Soak({ ...SHORT, report: (line) => lines.push(line) });
  assertEquals(result, { serversDied: 0, clientsDied: 0 }, lines.join("\n"));
});
