import { assert, assertEquals, assertGreater } from "@std/assert";
import { parseAllDocuments, parseDocument } from "yaml";
import { inspectConfig } from "../../src/config/read.ts";
import { callsElsewhere, playsService, roleNames } from "../../src/config/roles.ts";
import { settingNames } from "../../src/config/settings.ts";

// deno-lint-ignore no-explicit-any -- whatever stands in a file
type Anything = any;
type Env = Readonly<Record<string, string>>;

const DEPLOY = new URL("../../scripts/deploy/", import.meta.url);
const COMPOSE = ["compose.yaml", "compose.split.yaml", "compose.replicas.yaml"];
const KUBERNETES = ["kubernetes/chat.yaml", "kubernetes/split.yaml"];
/** What operators put in place of secrets and of what they must say themselves. */
const DATABASE_URL = "postgres://chat:secret@postgres:5432/chat";
const SECRETS: Env = { DATABASE_URL, METRICS_TOKEN: "a-token-of-some-length" };
/** Every part that this version has. */
const PARTS = ["gateway", ...roleNames];
/** What stopping takes beyond SHUTDOWN_TIMEOUT_MS: the end of the process waits 1.5 s for bus and database. */
const CLOSE_MS = 1_500;

/** Every setting is one that exists, all together make sense, and nothing in them is hardly meant. */
function checkSettings(where: string, env: Env): ReturnType<typeof inspectConfig>["config"] {
  const unknown = Object.keys(env).filter((name) => !(settingNames as readonly string[]).includes(name));
  assertEquals(unknown, [], `${where} sets what is no setting`);
  // The image sets this.
  const { config, problems, warnings } = inspectConfig({ GRPC_ENABLED: "true", DATA_DIR: "/data", ...env });
  assertEquals(problems, [], where);
  assertEquals(warnings.filter((text) => !text.startsWith("HTTP_HOST")), [], where);
  return config;
}

function missing(names: Iterable<string>, declared: object | undefined): readonly string[] {
  return [...names].filter((name) => !(name in (declared ?? {})));
}

for (const file of COMPOSE) {
  const document = parseDocument(Deno.readTextFileSync(new URL(file, DEPLOY)), { merge: true, strict: true, uniqueKeys: true });
  const compose: Anything = document.toJS();
  const services: [string, Anything][] = Object.entries(compose.services);
  const ours = services.filter(([, service]) => service.image === "chat");

  Deno.test(`${file} is a compose file whose every reference leads somewhere`, () => {
    assertEquals([...document.errors, ...document.warnings], []);
    for (const [name, service] of services) {
      const waitsFor = Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {});
      assertEquals(missing(waitsFor, compose.services), [], `${name} depends on`);
      assertEquals(missing(service.networks ?? [], compose.networks), [], `networks of ${name}`);
      const volumes: string[] = (service.volumes ?? []).map((volume: string) => volume.replace(/\$\{[^}]*\}/, "/").split(":")[0]);
      assertEquals(missing(volumes.filter((source) => !/^[./]/.test(source)), compose.volumes), [], `volumes of ${name}`);
      for (const source of volumes.filter((source) => source.startsWith("."))) {
        assert(Deno.statSync(new URL(source, DEPLOY)).isFile, source);
      }
      for (const port of service.ports ?? []) assert(port.startsWith("127.0.0.1:"), `${name} publishes ${port} to other machines`);
      if (service.build) assert(Deno.statSync(new URL(`${service.build}/Dockerfile`, DEPLOY)).isFile);
    }
    assertGreater(ours.length, 0);
  });

  Deno.test(`${file} uses settings that exist, and gives a stop the time that it takes`, () => {
    for (const [name, service] of ours) {
      const env: Env = service.environment;
      for (const [key, value] of Object.entries(env)) assertEquals(typeof value, "string", `${key} of ${name} must be in quotes`);
      const config = checkSettings(`${file}, ${name}`, env["DATABASE_URL"] === undefined ? env : { ...env, DATABASE_URL });
      assertGreater(Number.parseInt(service.stop_grace_period) * 1_000, (config?.shutdownTimeoutMs ?? Infinity) + CLOSE_MS);
      for (const [role, addresses] of Object.entries(config?.serviceAddresses ?? {})) {
        for (const address of addresses) {
          const played: string = compose.services[address.split(":")[0] ?? ""]?.environment.SERVICES ?? "";
          assert(played.split(",").includes(role), `${name} looks for ${role} at ${address}`);
        }
      }
    }
  });
}

Deno.test("compose.nginx.conf sends to each replica of compose.replicas.yaml, at the ports that they listen on", () => {
  const text = Deno.readTextFileSync(new URL("compose.nginx.conf", DEPLOY));
  const compose: Anything = parseDocument(Deno.readTextFileSync(new URL("compose.replicas.yaml", DEPLOY)), { merge: true }).toJS();
  const replicas = Object.keys(compose.services).filter((name) => compose.services[name].image === "chat");
  const config = inspectConfig({ GRPC_ENABLED: "true" }).config;
  const ports = [config?.http.port, config?.grpc.port];
  const servers = [...text.matchAll(/^\s*server (\S+)/gm)].map((match) => match[1]).filter((server) => server !== "{");
  assertEquals(servers, ports.flatMap((port) => replicas.map((name) => `${name}:${port}`)));
  const listens = [...text.matchAll(/^\s*listen (\d+);/gm)].map((match) => match[1]);
  assertEquals(compose.services.balancer.ports, listens.map((port) => `127.0.0.1:${port}:${port}`));
  assertEquals(text.match(/\{/g)?.length, text.match(/\}/g)?.length);
});

for (const file of KUBERNETES) {
  const documents = parseAllDocuments(Deno.readTextFileSync(new URL(file, DEPLOY)), { strict: true, uniqueKeys: true });
  assert(Array.isArray(documents));
  const objects: Anything[] = documents.map((document) => document.toJS());
  const of = (kind: string): Anything[] => objects.filter((object) => object.kind === kind);
  const podsOf = (selector: Anything) =>
    of("Deployment").filter(({ spec }) => Object.entries(selector).every(([key, value]) => spec.template.metadata.labels[key] === value));
  const containerOf = (deployment: Anything): Anything => deployment.spec.template.spec.containers[0];

  Deno.test(`${file} is well-formed, and each selector and port leads to pods that are there`, () => {
    assertEquals(documents.flatMap((document) => [...document.errors, ...document.warnings]), []);
    for (const { apiVersion, kind, metadata } of objects) assert(apiVersion && kind && metadata?.name, `${kind} ${metadata?.name}`);
    assertEquals(new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).size, objects.length, "names are unique");
    for (const { metadata, spec } of of("Deployment")) assertEquals(podsOf(spec.selector.matchLabels).length, 1, metadata.name);
    for (const { metadata, spec } of of("Service")) {
      const [deployment] = podsOf(spec.selector);
      const ports = containerOf(deployment).ports.map((port: Anything) => port.name);
      for (const { targetPort } of spec.ports) assert(ports.includes(targetPort), `${metadata.name} has no port ${targetPort}`);
    }
    for (const { spec } of of("NetworkPolicy")) {
      assertEquals(podsOf(spec.podSelector.matchLabels).length, 1);
      const ports = containerOf(podsOf(spec.podSelector.matchLabels)[0]).ports.map((port: Anything) => port.name);
      for (const rule of spec.ingress) {
        for (const { podSelector } of rule.from ?? []) assertEquals(podsOf(podSelector.matchLabels).length, 1);
        for (const { port } of rule.ports) assert(ports.includes(port), port);
      }
    }
  });

  Deno.test(`${file} has a disruption budget and an autoscaler for each deployment`, () => {
    const names = of("Deployment").map(({ metadata }) => metadata.name);
    assertEquals(of("PodDisruptionBudget").map(({ spec }) => podsOf(spec.selector.matchLabels)[0]?.metadata.name), names);
    assertEquals(of("HorizontalPodAutoscaler").map(({ spec }) => spec.scaleTargetRef.name), names);
    for (const { spec } of of("HorizontalPodAutoscaler")) {
      assert(spec.minReplicas >= 2 && spec.maxReplicas > spec.minReplicas, "one may go while another serves");
    }
  });

  for (const deployment of of("Deployment")) {
    const { name } = deployment.metadata;
    const pod: Anything = deployment.spec.template.spec;
    const container = containerOf(deployment);
    const env: Env = Object.fromEntries(
      container.env.map((entry: Anything) => [entry.name, entry.valueFrom === undefined ? entry.value : SECRETS[entry.name]]),
    );

    Deno.test(`${file}, ${name}: settings that exist, ports and files where they say, probes by HTTP, time to stop`, () => {
      for (const [key, value] of Object.entries(env)) assertEquals(typeof value, "string", key);
      const config = checkSettings(`${file}, ${name}`, env);
      assert(config !== undefined);
      const ports = Object.fromEntries(container.ports.map((port: Anything) => [port.name, port.containerPort]));
      const hasGateway = config.services.has("gateway");
      assertEquals(ports, {
        ...(hasGateway ? { http: config.http.port } : { metrics: config.metrics?.port }),
        ...(playsService(config.services) ? { grpc: config.grpc.port } : {}),
      });
      assertEquals(config.metrics?.host === "0.0.0.0", !hasGateway, "who has no gateway is probed beside its metrics");
      const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe].map((probe) => probe.httpGet);
      const face = hasGateway ? "http" : "metrics";
      assertEquals(probes.map(({ path, port }) => `${port} ${path}`), [`${face} /healthz`, `${face} /healthz`, `${face} /readyz`]);
      const { certPath = "", keyPath = "", caPath = "" } = config.grpc.tls ?? {};
      for (const path of [certPath, keyPath, caPath]) assert(path.startsWith(`${container.volumeMounts[0].mountPath}/`), path);
      const stopMs = container.lifecycle.preStop.sleep.seconds * 1_000 + config.shutdownTimeoutMs + CLOSE_MS;
      assertGreater(pod.terminationGracePeriodSeconds * 1_000, stopMs);
      for (const address of Object.values(config.serviceAddresses).flat()) {
        const [host, port] = address.split(":");
        assert(of("Service").some(({ metadata, spec }) => metadata.name === host && spec.ports[0].port === Number(port)), address);
      }
    });
  }
}

Deno.test("compose.split.yaml and split.yaml have each part once, tell it of every other part that it calls, and let exactly those in who call it", () => {
  const compose: Anything = parseDocument(Deno.readTextFileSync(new URL("compose.split.yaml", DEPLOY)), { merge: true }).toJS();
  const composed: [string, Env][] = Object.entries(compose.services).filter(([, service]: Anything) => service.image === "chat")
    .map(([name, service]: Anything) => [name, service.environment]);
  const documents = parseAllDocuments(Deno.readTextFileSync(new URL("kubernetes/split.yaml", DEPLOY)));
  assert(Array.isArray(documents));
  const objects: Anything[] = documents.map((document) => document.toJS());
  const deployed: [string, Env][] = objects.filter(({ kind }) => kind === "Deployment").map(({ metadata, spec }) => {
    const env: Anything[] = spec.template.spec.containers[0].env;
    return [metadata.name, Object.fromEntries(env.map(({ name, value }) => [name, value ?? SECRETS[name]]))];
  });
  for (const found of [composed, deployed]) {
    assertEquals(found.map(([name, env]) => [name, env["SERVICES"]]), PARTS.map((part) => [part, part]));
    for (const [name, env] of found) {
      const config = checkSettings(name, { ...env, DATABASE_URL });
      const called = roleNames.filter((role) => PARTS.includes(role) && callsElsewhere(config?.services ?? new Set(), role));
      assertEquals(Object.keys(config?.serviceAddresses ?? {}), called, name);
    }
  }
  for (const { metadata, spec } of objects.filter(({ kind }) => kind === "NetworkPolicy")) {
    const callers = PARTS.filter((part) => callsElsewhere(new Set([part as Anything]), metadata.name));
    const admitted = spec.ingress[0].from.map(({ podSelector }: Anything) => podSelector.matchLabels["app.kubernetes.io/name"]);
    assertEquals(admitted, callers, `who reaches ${metadata.name}`);
  }
});
