/**
 * Shows that the HTTP/2 cure holds: starts many fresh servers and clients and ends connections on them in every way that kills Deno's HTTP/2.
 * Many fresh ones, because one that lives through its first waves mostly lives on.
 *
 * `--short` takes seconds, for CI. `--without-cure` shows that the soak bites. Exits with 1 if any process died.
 *
 * @module
 */
import {
  h2loadWave,
  hasH2load,
  type SoakSettings,
  tormentClient,
  tormentServer,
  type Wave,
  waves,
  writeCertificates,
} from "./http2_waves.ts";

/** How much a soak does. */
export interface Http2SoakOptions {
  readonly withoutCure?: boolean;
  /** Fresh servers; every other one speaks TLS. */
  readonly serverStarts: number;
  readonly wavesEach: number;
  /** Fresh clients whose server leaves. */
  readonly clientStarts: number;
  readonly report?: (line: string) => void;
}

/** What became of it. */
export interface Http2SoakResult {
  readonly serversDied: number;
  readonly clientsDied: number;
}

/** About a minute, and a few seconds. */
export const LONG = { serverStarts: 20, wavesEach: 3, clientStarts: 10 } as const;
/** See {@link LONG}. */
export const SHORT = { serverStarts: 4, wavesEach: 3, clientStarts: 2 } as const;

/** Runs the soak. */
export async function http2Soak(options: Http2SoakOptions): Promise<Http2SoakResult> {
  const report = options.report ?? (() => {});
  const tlsDir = await Deno.makeTempDir({ prefix: "chat-soak-" });
  const settings: SoakSettings = { withoutCure: options.withoutCure ?? false, tlsDir };
  try {
    await writeCertificates(tlsDir);
    const all = await hasH2load() ? [h2loadWave, ...waves] : waves;
    const serversDied = await atOnce(options.serverStarts, async (index) => {
      const tls = index % 2 === 1;
      const sent = Array.from({ length: options.wavesEach }, (_, wave) => all[(index * options.wavesEach + wave) % all.length]!);
      const diedIn = await tormentServer(settings, tls, sent);
      report(line("server", index, tls, names(sent), diedIn));
      return diedIn !== undefined;
    });
    const clientsDied = await atOnce(options.clientStarts, async (index) => {
      const died = await tormentClient(settings, index % 2 === 1);
      report(line("client", index, index % 2 === 1, "its server leaves", died ? "it" : undefined));
      return died;
    });
    return { serversDied, clientsDied };
  } finally {
    await Deno.remove(tlsDir, { recursive: true });
  }
}

/** Runs `count` starts, two at a time, because one mostly waits; counts those that died. */
async function atOnce(count: number, start: (index: number) => Promise<boolean>): Promise<number> {
  let next = 0;
  let died = 0;
  const runner = async () => {
    while (next < count) if (await start(next++)) died++;
  };
  await Promise.all([runner(), runner()]);
  return died;
}

function names(sent: readonly Wave[]): string {
  return sent.map((wave) => wave.name).join(", ");
}

function line(what: string, index: number, tls: boolean, did: string, diedIn: string | undefined): string {
  return `${what} ${index + 1} ${tls ? "TLS  " : "plain"} ${diedIn === undefined ? "lives" : `DIED in ${diedIn}`} (${did})`;
}

if (import.meta.main) {
  const amount = Deno.args.includes("--short") ? SHORT : LONG;
  const withoutCure = Deno.args.includes("--without-cure");
  const { serversDied, clientsDied } = await http2Soak({ ...amount, withoutCure, report: console.log });
  console.log(`died: ${serversDied} of ${amount.serverStarts} servers, ${clientsDied} of ${amount.clientStarts} clients`);
  Deno.exit(serversDied + clientsDied === 0 ? 0 : 1);
}
