import { assertEquals } from "@std/assert";
import { subjectAltNames } from "../../src/grpc/subject_names.ts";
import { clientCert, serverCert } from "../support/tls.ts";

/** Of `http://evil/, DNS:gateway.chat` as one address, then good.test, 127.0.0.1, a@b.c and spiffe://chat/gateway. */
const TRICKY = [
  "MIIBlDCCATugAwIBAgIUBsFTG9o/muVVVIXJitN4nc/4y20wCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBeDAeFw0yNjExMjUwNTQ5MTJaFw0yOTA4MjEwNTQ5",
  "MTJaMAwxCjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT3y+bKuVip7o51bsN4vtW6jtcnFud5bD07ydBiMWqvxo1NQwsCFKOndHwr3kHk",
  "iOkQGxiSTxCTFEcadsmwV1eKo3sweTBYBgNVHREEUTBPhh5odHRwOi8vZXZpbC8sIEROUzpnYXRld2F5LmNoYXSCCWdvb2QudGVzdIcEfwAAAYEFYUBiLmOG",
  "FXNwaWZmZTovL2NoYXQvZ2F0ZXdheTAdBgNVHQ4EFgQUIarFx7yBPeWZ5kLsh7MU73vG8Y0wCgYIKoZIzj0EAwIDRwAwRAIgG9GY+5sgm6ef6m+BMUo3kCib",
  "391yxKv8VRiq7CYVYB8CIAITz9QfUljVWIosCS6y/7V9kVUAeso/SQLobf7oVPm+",
].join("");

const der = (pem: string) => Uint8Array.fromBase64(pem.replace(/-----[^-]+-----|\s/g, ""));

Deno.test("subjectAltNames reads the names of a certificate", () => {
  assertEquals(subjectAltNames(der(clientCert)), ["DNS:client.test"]);
  assertEquals(subjectAltNames(der(serverCert)).toSorted(), ["DNS:chat.test", "IP:127.0.0.1"]);
});

Deno.test("subjectAltNames does not take a part of one name for another name", () => {
  assertEquals(subjectAltNames(der(TRICKY)), ["DNS:good.test", "IP:127.0.0.1", "email:a@b.c", "URI:spiffe://chat/gateway"]);
});

Deno.test("subjectAltNames gives none for bytes that are no certificate, wherever they break off", () => {
  const whole = der(TRICKY);
  for (let length = 0; length < whole.length; length++) assertEquals(subjectAltNames(whole.subarray(0, length)), []);
  for (let at = 0; at < whole.length; at++) {
    const names = subjectAltNames(whole.with(at, 0xff));
    assertEquals(names.includes("DNS:gateway.chat"), false);
  }
});
