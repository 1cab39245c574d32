/**
 * For the image's HEALTHCHECK: exit code 0 when the process says that it is ready, by its gateway or else beside its metrics; a process that has
 * neither, or a gateway that speaks TLS (its certificate is for another name), is ready when its server takes connections. It asks on loopback, where a server that listens on every address answers too.
 *
 * @module
 */

/** Under Docker's own time limit for a health check. */
const TIMEOUT_MS = 2_500;

async function healthy(): Promise<boolean> {
  const services = Deno.env.get("SERVICES") || "gateway";
  const metricsPort = (Deno.env.get("METRICS_PORT") || "auto").toLowerCase();
  const hasGateway = services.includes("gateway");
  if (hasGateway && !Deno.env.get("HTTP_TLS_CERT_PATH")) return await saysReady(Number(Deno.env.get("HTTP_PORT") || 8_000));
  if (!/^(off|none|0)$/.test(metricsPort)) return await saysReady(metricsPort === "auto" ? 9_464 : Number(metricsPort));
  const port = Number(hasGateway ? Deno.env.get("HTTP_PORT") || 8_000 : Deno.env.get("GRPC_SERVER_PORT") || 50_051);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.close();
  return true;
}

async function saysReady(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  await response.body?.cancel();
  return response.ok;
}

const ok = await healthy().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  return false;
});
Deno.exit(ok ? 0 : 1);
