import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "yaml";
import { MessageServiceClient } from "../../src/clients/mod.ts";
import { databasePlace } from "../support/database.ts";
import { metricsOf } from "../support/promql.ts";
import { metricNames, parseMetrics } from "../support/scrape.ts";
import { ServerProcess } from "../support/server_process.ts";
import { within } from "../support/deadline.ts";

const DEPLOY = new URL("../../scripts/deploy/", import.meta.url);
const read = (name: string) => Deno.readTextFile(new URL(name, DEPLOY));

/** Every PromQL expression of the dashboard and of the alert rules, with where it stands. */
async function expressions(): Promise<readonly (readonly [string, string])[]> {
  const { panels } = JSON.parse(await read("grafana-dashboard.json"));
  const rules = parse(await read("prometheus-alerts.yaml")).groups.flatMap((group: { rules: { alert: string; expr: string }[] }) =>
    group.rules
  );
  return [
    ...panels.flatMap(({ title, targets }: { title: string; targets: { expr: string }[] }) => targets.map(({ expr }) => [title, expr])),
    ...rules.map(({ alert, expr }: { alert: string; expr: string }) => [alert, expr]),
  ];
}

Deno.test({
  name: "a process offers metrics on a port of its own and a line a call, and every metric of dashboard and alerts is there",
  fn: async () => {
    await using place = await databasePlace("pglite");
    await using server = new ServerProcess({ env: { ...place.env, METRICS_PORT: "0", LOG_ACCESS: "all" } });
    const { url, grpcAddress } = await server.ready();
    const metrics = `http://127.0.0.1:${await server.metricsPort()}/metrics`;
    await using client = new MessageServiceClient({ address: grpcAddress });
    await client.createMessage({ username: "ann", content: "a secret thing" });
    for (const path of ["/v1/messages?limit=1", "/v1/messages/1", "/v1/messages/99", "/nothing/here", "/readyz"]) {
      await (await fetch(`${url}${path}`)).body?.cancel();
    }
    const stream = await fetch(`${url}/v1/messages/stream?after_seq=0`);
    const reader = stream.body!.getReader();
    await reader.read();

    const response = await fetch(metrics);
    assertMatch(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const samples = parseMetrics(text);
    assertEquals(samples.get('grpc_calls_total{method="chat.MessageService/CreateMessage",status="OK"}'), 1);
    assertEquals(samples.get('http_requests_total{method="GET",route="/v1/messages/:id",status="200"}'), 1);
    assertEquals(samples.get('http_requests_total{method="GET",route="/v1/messages/:id",status="404"}'), 1);
    assertEquals(samples.get('http_requests_total{method="GET",route="unknown",status="404"}'), 1);
    assertEquals(["http_streams_open", "database_up", "message_feed_subscriptions"].map((name) => samples.get(name)), [1, 1, 1]);
    assert(samples.get("database_statements_total")! > 5 && samples.get("process_resident_memory_bytes")! > 1e7);
    assert(samples.get("event_loop_delay_max_seconds")! < 10 && samples.get("process_cpu_seconds_total")! > 0);
    for (const [where, expression] of await expressions()) holdsIn(text, where, expression);
    assertEquals(await statusOf(metrics.replace("/metrics", "/")), 404);

    server.kill("SIGTERM");
    const { stderr, code } = await server.outcome();
    assertEquals(code, 0);
    await reader.cancel().catch(() => {}); // it ended, or broke, with the process
    const calls = stderr.split("\n").filter((line) => line.includes('"message":"Call"')).map((line) => JSON.parse(line));
    assertEquals(calls.map(({ method, status }) => `${method} ${status}`).sort(), [
      "GET /v1/messages 200",
      "GET /v1/messages/:id 200",
      "GET /v1/messages/:id 404",
      "GET /v1/messages/stream 200",
      "GET unknown 404",
      "chat.MessageService/CreateMessage OK",
    ]);
    assert(!stderr.includes("secret thing"));
  },
});

function holdsIn(scrape: string, where: string, expression: string): void {
  // Prometheus makes `up` itself.
  const names = new Set([...metricNames(scrape), "up"]);
  const found = metricsOf(expression);
  assert(found.length > 0, `${where} reads no metric: ${expression}`);
  for (const name of found) {
    assert(names.has(name) || names.has(name.replace(/_(bucket|sum|count)$/, "")), `${where} reads ${name}, which nobody offers`);
  }
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

Deno.test("metricsOf finds the metrics of an expression, and no functions, labels, strings or durations", () => {
  const expression =
    'histogram_quantile(0.9, sum by (le, job) (rate(a_bucket{job="$job",x!~".*/b"}[5m]))) / on (le) up > 1.5e9 and deriv(c_d[1h]) > 0';
  assertEquals(metricsOf(expression), ["a_bucket", "up", "c_d"]);
});

Deno.test("a gateway tells of a service that is away; its metrics server wants its token where it has one, and names its settings when its port is taken", async () => {
  const token = "0123456789abcdef";
  const env = { GRPC_ENABLED: "true", SERVICES: "gateway", MESSAGE_SERVICE_ADDR: "127.0.0.1:1", METRICS_PORT: "0", METRICS_TOKEN: token };
  await using server = new ServerProcess({ env });
  const { url } = await server.ready();
  const port = await server.metricsPort();
  const readiness = async () => await (await fetch(`${url}/readyz`)).json();
  assertEquals(await statusOf(`${url}/v1/messages`), 503);
  // The process that is away answers for itself.
  assertEquals(await readiness(), { ok: true, checks: { message: { ok: false, problem: "The message service cannot be reached" } } });
  const ask = async (authorization?: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, authorization === undefined ? {} : { headers: { authorization } });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await ask(), await ask("Bearer wrong"), await ask(`Bearer ${token}`)], [401, 401, 200]);
  const probe = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).json();
  assertEquals([await probe("/healthz"), await probe("/readyz")], [{ ok: true }, await readiness()]);
  await using second = new ServerProcess({ env: { ...env, METRICS_PORT: `${port}` } });
  const { code, stderr } = await within(60_000, "the refusal", second.outcome());
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /Cannot offer metrics on 127\.0\.0\.1:\d+ \(METRICS_HOST, METRICS_PORT\): another program listens there; METRICS_PORT=0/,
  );
});

Deno.test("promtool, where it is installed, accepts the alert rules", async (t) => {
  const found = ["/usr/bin/promtool", "/usr/local/bin/promtool"].find((path) => exists(path));
  const args = ["check", "rules", new URL("prometheus-alerts.yaml", DEPLOY).pathname];
  if (found !== undefined) {
    await t.step("check rules", async () => {
      const { success, stdout, stderr } = await new Deno.Command(found, { args }).output();
      assert(success, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
    });
  }
  const { groups } = parse(await read("prometheus-alerts.yaml"));
  for (const rule of groups[0].rules) {
    assertEquals(Object.keys(rule).filter((key) => !["for"].includes(key)), ["alert", "expr", "labels", "annotations"]);
  }
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
