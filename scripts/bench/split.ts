import { CONTENT } from "./bodies.ts";
import { compareWays } from "./clients.ts";
import { type Row, startGatewayApart, startServer } from "./context.ts";

const CALLS = 500;

/** What a gateway apart costs: REST → gRPC → message service, against REST to the process of that service itself. */
export const splitRow: Row = {
  name: "split",
  async measure(context) {
    const place = await context.place("split", "Postgres") ?? await context.place("split", "PGlite");
    if (place === undefined) return;
    const { child, grpcPort, httpPort } = await startServer(place);
    await using server = child;
    const apart = await startGatewayApart(grpcPort);
    await using gateway = apart.child;
    for (const what of ["create", "page"] as const) {
      for (const inFlight of [1, 32]) {
        const shared = { over: "rest", what, inFlight, calls: CALLS, content: CONTENT, grpcPort };
        await compareWays(context, {
          row: "split",
          name: `${CALLS} ${what === "create" ? "creations" : "pages of 50"} by a gateway apart, ${inFlight} at a time`,
          first: { options: { ...shared, httpPort: apart.httpPort }, servers: [gateway, server] },
          second: { name: "one process", options: { ...shared, httpPort }, servers: [server] },
        });
      }
    }
  },
};
