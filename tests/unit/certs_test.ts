import { assert, assertEquals } from "@std/assert";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { Authority } from "../../scripts/certs/certificate.ts";

const validDays = 30;

Deno.test("Authority.issue makes certificates that others read: names, numbers, purpose, who signed them and which key is theirs", async () => {
  const authority = await Authority.create("Tests", { validDays: 60 });
  const other = new X509Certificate((await Authority.create("Tests", { validDays: 60 })).cert);
  const ca = new X509Certificate(authority.cert);
  assert(ca.ca && ca.verify(ca.publicKey) && ca.checkPrivateKey(createPrivateKey(authority.key)));
  const { cert, key } = await authority.issue({ names: ["chat.test", "*.pods.test", "10.1.2.3", "2001:db8::7"], validDays });
  const leaf = new X509Certificate(cert);
  assert(leaf.verify(ca.publicKey) && leaf.checkIssued(ca) && leaf.checkPrivateKey(createPrivateKey(key)));
  assert(!leaf.ca && !leaf.verify(other.publicKey));
  assertEquals([leaf.subject, leaf.issuer], ["CN=chat.test", "CN=Tests"]);
  assertEquals(leaf.subjectAltName?.replaceAll(/\bDNS:|\bIP Address:/g, ""), "chat.test, *.pods.test, 10.1.2.3, 2001:db8::7");
  const days = (leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 86_400_000;
  assertEquals(days, validDays);
  assert(leaf.validFromDate.getTime() < Date.now());
});

Deno.test("Authority.load takes an authority that was made before, and nothing else", async () => {
  const authority = await Authority.create("Tests", { validDays });
  const loaded = await Authority.load("Tests", authority);
  const leaf = new X509Certificate((await loaded!.issue({ names: ["chat.test"], validDays })).cert);
  assert(leaf.checkIssued(new X509Certificate(authority.cert)) && leaf.verify(new X509Certificate(authority.cert).publicKey));
  const { cert, key } = await Authority.create("Tests", { validDays });
  assertEquals(await Authority.load("Others", authority), undefined);
  assertEquals(await Authority.load("Tests", { cert, key: authority.key }), undefined);
  assertEquals(await Authority.load("Tests", { cert: authority.cert, key }), undefined);
  assertEquals(await Authority.load("Tests", { cert: "", key: "" }), undefined);
  assertEquals(await Authority.load("Tests", await authority.issue({ names: ["Tests"], validDays })), undefined);
});
