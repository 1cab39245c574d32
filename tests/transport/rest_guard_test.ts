/** What the gateway refuses before any route sees it, tried from outside, by raw bytes where no client would send them. */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { once } from "node:events";
import { connect, type OutgoingHttpHeaders } from "node:http2";
import { CallLimits } from "../../src/core/call_limits.ts";
import { ipBlock } from "../../src/core/ip.ts";
import { PAGE_POLICY } from "../../src/gateway/security_headers.ts";
import { startGateway } from "../../src/gateway/gateway.ts";
import { createGatewayApp } from "../../src/gateway/app.ts";
import { OpenCalls } from "../../src/gateway/context.ts";
import { testKeys } from "../support/auth.ts";
import { testLog } from "../support/log.ts";
import { MemoryMessageService } from "../support/memory_message_service.ts";
import { tempDir } from "../support/temp_dir.ts";
import { ca, serverCert, serverKey } from "../support/tls.ts";
import { rawRequest, withGateway } from "./rest_server.ts";

const readiness = () => ({ ok: true, checks: {} });
const statusOf = (answer: string) => Number(/^HTTP\/1\.\d (\d{3})/.exec(answer)?.[1]);
const get = (path: string, ...headers: string[]) => [`GET ${path} HTTP/1.1`, ...headers, "", ""].join("\r\n");

Deno.test("hostPolicy lets no page drive a server on loopback by a name of its own", async () => {
  await withGateway(async ({ gateway: { port } }) => {
    const ask = async (host: string) => statusOf(await rawRequest(port, get("/v1/messages", `Host: ${host}`)));
    for (const host of ["localhost", `localhost:${port}`, `127.0.0.1:${port}`, "[::1]", "10.0.0.7", "chat.internal:80", "app.localhost"]) {
      assertEquals(await ask(host), 200, host);
    }
    for (const host of ["evil.test", `evil.test:${port}`, "localhost.evil.test", "127.0.0.1.evil.test", "chat.internal.evil.test"]) {
      assertEquals(await ask(host), 421, host);
    }
  }, { http: { allowedHosts: ["chat.internal"] } });
});

Deno.test("hostPolicy refuses a Host that is none, by which the path would become another", async () => {
  await withGateway(async ({ gateway: { port }, logLines }) => {
    for (
      const host of ["a b/c?d", "localhost/v1/messages?x=", "localhost@evil.test", "localhost#", "localhost:80:80", "[::1", "a\\b", "ü"]
    ) {
      assertEquals(statusOf(await rawRequest(port, get("/healthz", `Host: ${host}`))), 400, host);
    }
    assertEquals(statusOf(await rawRequest(port, get("http://evil.test/healthz", "Host: localhost"))), 400, "two hosts, one in the target");
    assertEquals(statusOf(await rawRequest(port, get("http://localhost/healthz", "Host: localhost"))), 200);
    assertEquals(statusOf(await rawRequest(port, "GET /healthz HTTP/1.0\r\n\r\n")), 200, "none at all");
    assertEquals(logLines.filter((line) => /"level":"error"/.test(line)), []);
  });
});

Deno.test("hostPolicy and originPolicy hold over HTTP/2, which a client may speak on the same port unasked", async () => {
  await withGateway(async ({ gateway: { port } }) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const ask = async (headers: OutgoingHttpHeaders) => {
      const stream = session.request({ ":path": "/v1/messages", ...headers });
      stream.end();
      const [answer] = await once(stream, "response");
      stream.resume();
      await once(stream, "close");
      return answer[":status"];
    };
    assertEquals(await ask({ ":authority": `localhost:${port}` }), 200);
    assertEquals(await ask({ ":authority": "evil.test" }), 421);
    assertEquals(await ask({ ":authority": "localhost", "host": "evil.test" }), 400, "two hosts");
    assertEquals(await ask({ ":authority": "localhost", ":method": "POST", "origin": "http://evil.test" }), 403);
    session.close();
    await once(session, "close");
  }, { http: { allowedHosts: [] } });
});

Deno.test("the gateway takes no second request out of the body of a first, and no header out of another", async (t) => {
  await withGateway(async ({ gateway: { port } }) => {
    const smuggled = get("/healthz", "Host: a");
    const post = (...headers: string[]) => (body: string) => ["POST /v1/messages HTTP/1.1", "Host: a", ...headers, "", body].join("\r\n");
    const bad: Readonly<Record<string, string>> = {
      "length and chunks": post("Content-Length: 5", "Transfer-Encoding: chunked")(`0\r\n\r\n${smuggled}`),
      "two lengths": post("Content-Length: 5", "Content-Length: 50")(smuggled),
      "a length with a sign": post("Content-Length: +5")(smuggled),
      "a coding that is none": post("Transfer-Encoding: xchunked")(`0\r\n\r\n${smuggled}`),
      "a space before the colon": post("Transfer-Encoding : chunked")(`0\r\n\r\n${smuggled}`),
      "two hosts": get("/healthz", "Host: a", "Host: b"),
      "a folded header": get("/healthz", "Host: a", "X-Fold: a", " b"),
      "a cookie of 100 KB": get("/healthz", "Host: a", `Cookie: a=${"x".repeat(100_000)}`),
      "200 headers": get("/healthz", "Host: a", ...Array.from({ length: 200 }, (_, i) => `X-${i}: 1`)),
    };
    for (const [what, text] of Object.entries(bad)) {
      await t.step(what, async () => {
        const answer = await rawRequest(port, text);
        assertEquals(statusOf(answer), 400);
        assertEquals(answer.match(/^HTTP\//gm)?.length, 1, "one answer");
      });
    }
    await t.step("a request id with a line end in it is not taken over", async () => {
      const answer = await rawRequest(port, get("/healthz", "Host: a", "X-Request-Id: a%0d%0aSet-Cookie: b"));
      assertMatch(answer, /x-request-id: [0-9a-f-]{36}\r\n/i);
    });
  });
});

Deno.test("the gateway takes paths as they are written: nothing resolves to a route by a detour, and no header changes the method", async () => {
  await withGateway(async ({ gateway: { port } }) => {
    for (const path of ["//v1/messages", "/v1//messages", "/v1%2fmessages", "/x/../v1/messages", "/x/%2e%2e/v1/messages", "/V1/messages"]) {
      const answer = await rawRequest(port, get(path, "Host: a"));
      assertEquals([statusOf(answer), /"code":"not_found"/.test(answer)], [404, true], path);
    }
    const override = await rawRequest(port, get("/v1/messages", "Host: a", "X-HTTP-Method-Override: DELETE", "X-Method: DELETE"));
    assertEquals(statusOf(override), 200);
    assertEquals(statusOf(await rawRequest(port, "TRACE /healthz HTTP/1.1\r\nHost: a\r\n\r\n")), 405);
    assertMatch(await rawRequest(port, "CONNECT evil.test:80 HTTP/1.1\r\nHost: evil.test:80\r\n\r\n"), /^HTTP\/1\.1 4/);
  });
});

Deno.test("securityHeaders go with every answer, also with refusals and streams; pages get a policy of their own", async () => {
  await withGateway(async ({ origin }) => {
    for (const path of ["/healthz", "/v1/messages", "/nothing", "/v1/messages?limit=501", "/v1/messages/stream"]) {
      const aborter = new AbortController();
      const { headers } = await fetch(`${origin}${path}`, { signal: aborter.signal });
      aborter.abort();
      assertEquals(headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'", path);
      assertEquals([headers.get("x-content-type-options"), headers.get("referrer-policy")], ["nosniff", "no-referrer"], path);
      assertEquals([headers.get("cross-origin-resource-policy"), headers.get("strict-transport-security")], ["same-origin", null], path);
    }
  });
  const options = { services: { message: new MemoryMessageService() }, readiness, log: testLog(), calls: new OpenCalls(1_000) };
  const app = createGatewayApp({ ...options, heartbeatMs: 15_000 });
  app.get("/page", (c) => c.html("<p>"));
  const { headers } = await app.request("https://chat.test/page");
  assertEquals(headers.get("content-security-policy"), PAGE_POLICY);
  assert(!PAGE_POLICY.includes("unsafe"));
  assertEquals([headers.get("cross-origin-opener-policy"), headers.get("strict-transport-security")], ["same-origin", "max-age=31536000"]);
});

Deno.test("the gateway holds an address to its rate, in standard headers, and a known caller not to its neighbours'", async () => {
  await using keys = await testKeys();
  const limits = new CallLimits({ perCaller: { count: 3, windowMs: 3_600_000 }, perAddress: { count: 2, windowMs: 3_600_000 } });
  await withGateway(async ({ origin }) => {
    const ask = async (key: string) => {
      const answer = await fetch(`${origin}/v1/messages`, { headers: { authorization: `Bearer ${key}` } });
      return { answer, body: await answer.json() };
    };
    assertEquals((await ask("guess")).answer.status, 401);
    const second = await ask("another guess");
    assertEquals([second.answer.status, second.answer.headers.get("ratelimit-policy")], [401, `"address";q=2;w=3600`]);
    assertEquals(second.answer.headers.get("ratelimit"), `"address";r=0;t=3600`);
    const third = await ask("a third");
    assertEquals([third.answer.status, third.body.code, third.body.title], [429, "resource_exhausted", "Too Many Requests"]);
    assertEquals(third.body.detail, "The address calls more often than 2 times in 3600 s");
    const waitSeconds = Number(third.answer.headers.get("retry-after"));
    assert(waitSeconds > 1_700 && waitSeconds <= 1_800, `${waitSeconds}`);
    const key = await keys.make(["messages:read"]);
    for (const left of [2, 1, 0]) assertMatch((await ask(key)).answer.headers.get("ratelimit") ?? "", new RegExp(`^"caller";r=${left};`));
    assertEquals((await ask(key)).answer.status, 429);
    assertEquals((await ask(await keys.make(["messages:read"]))).answer.status, 200, "another key has a measure of its own");
    const probe = await fetch(`${origin}/healthz`);
    assertEquals([probe.status, (await probe.json()).ok], [200, true], "probes are not measured");
  }, { authenticator: keys.authenticator, limits });
});

Deno.test("the gateway believes X-Forwarded-For of trusted proxies alone, and of what it says only what those have written", async () => {
  const ask = async (origin: string, forwarded: string) => {
    const answer = await fetch(`${origin}/v1/messages`, { headers: { "x-forwarded-for": forwarded } });
    await answer.body?.cancel();
    return answer.status;
  };
  const limits = () => new CallLimits({ perAddress: { count: 1, windowMs: 3_600_000 } });
  await withGateway(async ({ origin }) => {
    assertEquals([await ask(origin, "192.0.2.1"), await ask(origin, "192.0.2.2")], [200, 429]);
  }, { limits: limits() });
  await withGateway(async ({ origin }) => {
    assertEquals([await ask(origin, "192.0.2.1"), await ask(origin, "192.0.2.1")], [200, 429]);
    assertEquals([await ask(origin, "192.0.2.9, 192.0.2.2"), await ask(origin, "192.0.2.8, 192.0.2.2, 10.0.0.1")], [200, 429]);
    assertEquals([await ask(origin, "garbage"), await ask(origin, "more garbage")], [200, 429], "then it is the proxy itself");
  }, { limits: limits(), http: { trustedProxies: [ipBlock("127.0.0.1")!, ipBlock("10.0.0.0/8")!] } });
});

Deno.test("the gateway holds an address, and a key, to so many requests at once, and counts those that have ended no longer", async () => {
  await using keys = await testKeys();
  const use = async (origin: string, headers: Record<string, string>) => {
    const open = async () => {
      const answer = await fetch(`${origin}/v1/messages/stream`, { headers });
      return { status: answer.status, end: () => answer.body?.cancel() };
    };
    const streams = [await open(), await open(), await open()];
    assertEquals(streams.map(({ status }) => status), [200, 200, 429]);
    for (const { end } of streams) await end();
    // The server hears of it when the connection closes.
    for (let status = 0; status !== 200;) {
      const again = await open();
      status = again.status;
      await again.end();
    }
  };
  const http = { maxCallsPerCaller: 2 };
  await withGateway(({ origin }) => use(origin, {}), { http });
  await withGateway(async ({ origin }) => {
    await use(origin, { authorization: `Bearer ${await keys.make(["messages:read"])}` });
    await use(origin, { authorization: `Bearer ${await keys.make(["messages:read"])}` });
  }, { http, authenticator: keys.authenticator });
});

Deno.test("startGateway speaks TLS, over HTTP/2 too, and says which file it cannot read", async () => {
  await using directory = await tempDir();
  const tls = { certPath: `${directory.path}/cert.pem`, keyPath: `${directory.path}/key.pem` };
  const options = { services: { message: new MemoryMessageService() }, readiness, log: testLog() };
  const http = { host: "127.0.0.1", port: 0, tls };
  const problem = await startGateway({ http, ...options }).then(() => "", (error) => error.message);
  assertEquals(problem, `The file ${tls.certPath} (HTTP_TLS_CERT_PATH) cannot be read`);
  await Deno.writeTextFile(tls.certPath, serverCert);
  await Deno.writeTextFile(tls.keyPath, serverKey);
  const gateway = await startGateway({ http, ...options });
  using client = Deno.createHttpClient({ caCerts: [ca] });
  const answer = await fetch(`https://127.0.0.1:${gateway.port}/v1/messages`, { client });
  assertEquals([answer.status, (await answer.json()).messages], [200, []]);
  assertEquals(answer.headers.get("strict-transport-security"), "max-age=31536000");
  await gateway.stop({ deadlineMs: 1_000 });
});

Deno.test("a body that comes a byte at a time has the time of a request and no more, and holds nobody up meanwhile", async () => {
  await withGateway(async ({ gateway: { port }, origin }) => {
    const slow = await Promise.all(Array.from({ length: 50 }, async () => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const head = "POST /v1/messages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
      await connection.write(new TextEncoder().encode(head));
      return connection;
    }));
    const start = performance.now();
    const quick = await fetch(`${origin}/healthz`);
    await quick.body?.cancel();
    assertLess(performance.now() - start, 1_000);
    for (const connection of slow) {
      const buffer = new Uint8Array(4_096);
      const size = await connection.read(buffer);
      assertEquals(statusOf(new TextDecoder().decode(buffer.subarray(0, size ?? 0))), 504);
      connection.close();
    }
  }, { http: { requestTimeoutMs: 1_500 } });
});
