/**
 * Certificates and keys for tests, made when they are asked for, by what `deno task certs` makes them with.
 *
 * @module
 */
import { Authority } from "../../scripts/certs/certificate.ts";

const validDays = 3650;
const authority = await Authority.create("Test CA", { validDays });
const server = await authority.issue({ names: ["chat.test", "127.0.0.1"], validDays });
const client = await authority.issue({ names: ["client.test"], validDays });

/** The authority that signed the two below. */
export const ca: string = authority.cert;
/** Another authority, which signed neither. */
export const otherCa: string = (await Authority.create("Another CA", { validDays })).cert;
/** For 127.0.0.1 and chat.test. */
export const serverCert: string = server.cert;
/** Of `serverCert`. */
export const serverKey: string = server.key;
/** A client's. */
export const clientCert: string = client.cert;
/** Of `clientCert`. */
export const clientKey: string = client.key;
