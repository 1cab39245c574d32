/**
 * Archives, manifests, schemas, schedules and signatures: what is taken, and that everything else is refused with the place and the value found.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { ChatError } from "../../src/core/errors.ts";
import { parseEnvFile } from "../../src/plugin/env_file.ts";
import { digestOf, packArchive, readArchive } from "../../src/plugin/packages/archive.ts";
import { isDue, readCron } from "../../src/plugin/packages/cron.ts";
import { readManifest } from "../../src/plugin/packages/manifest.ts";
import { missingPermissions, readPermissions } from "../../src/plugin/packages/permissions.ts";
import { readSchema } from "../../src/plugin/packages/schema.ts";
import { requireSigned } from "../../src/plugin/packages/signatures.ts";
import { sandboxProblem } from "../../src/plugin/sandbox/launcher.ts";
import { archiveOf, manifestOf } from "../support/plugin_service.ts";

const RESERVED = new Set(["DATABASE_URL"]);
const encode = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const MODULE = { language: "javascript", text: "export default {};" };

/** What is wrong with a manifest that is changed so. */
function manifestProblem(changes: Readonly<Record<string, unknown>>): string {
  const error = assertThrows(() => readManifest("manifest", manifestOf(changes), RESERVED), ChatError);
  assertEquals([error.code, error.message.startsWith(`Field \`${error.field}\` `)], ["invalid_argument", true]);
  return error.message.slice("Field `manifest".length);
}

Deno.test("packArchive makes the same bytes of the same plugin, whose SHA-256 names it, and readArchive reads them", async () => {
  const archive = archiveOf({ description: "Says it", hooks: [{ event: "command", command: "say", action: "say" }] });
  assertEquals(archive, archiveOf({ hooks: [{ action: "say", command: "say", event: "command" }], description: "Says it" }));
  const read = await readArchive(archive, RESERVED);
  assertEquals([read.digest, read.manifest.name, read.code.kind], [await digestOf(archive), "echo", "module"]);
  assertEquals(packArchive(read.manifest, read.code), archive);
});

Deno.test("readArchive refuses what is no archive, by the place and the value found", async () => {
  const manifest = manifestOf();
  const remote = { address: "plugins.example:7000" };
  const cases: [unknown, RegExp][] = [
    ["", /1 to 3670016 bytes, got 0$/],
    [new Uint8Array(3_670_017), /got 3670017$/],
    [new Uint8Array([0xff, 0x7b]), /must be UTF-8/],
    ["{", /must be JSON/],
    ["[".repeat(100_000), /nest at most 16 deep/],
    [[], /`archive` must be an object, got \[\]/],
    [{ format: 2, manifest, module: MODULE }, /`archive.format` must be 1, got 2/],
    [{ format: 1, manifest, module: MODULE, extra: 1 }, /no field but format, manifest, module, remote, got "extra"/],
    [{ format: 1, manifest, module: MODULE, remote }, /got both$/],
    [{ format: 1, manifest }, /got neither$/],
    [
      { format: 1, manifest, module: { ...MODULE, language: "wasm" } },
      /`archive.module.language` must be "typescript" or "javascript", got "wasm"/,
    ],
    [{ format: 1, manifest, module: { language: "javascript", text: "" } }, /`archive.module.text` must be 1 to/],
    [{ format: 1, manifest, remote: { address: "plugins.example" } }, /`archive.remote.address` must be host:port, got "plugins.example"/],
    [{ format: 1, manifest: manifestOf({ permissions: { data: true } }), remote }, /`archive.manifest.permissions.data` must be empty/],
    [{ format: 1, manifest: { ...manifest, name: "Echo" }, module: MODULE }, /`archive.manifest.name` must be 1 to 64 of a-z.*got "Echo"/],
    [{ format: 1, manifest: { ...manifest, name: "assistant" }, module: MODULE }, /a name that this system writes under, got "assistant"/],
  ];
  for (const [value, wanted] of cases) {
    const bytes = value instanceof Uint8Array ? value : encode(value);
    assertMatch((await assertRejects(() => readArchive(bytes, RESERVED), ChatError)).message, wanted);
  }
  assertEquals((await readArchive(encode({ format: 1, manifest, remote }), RESERVED)).code, { kind: "remote", ...remote });
});

Deno.test("readArchive never fails otherwise than by refusing, whatever becomes of an archive", async () => {
  const archive = archiveOf({
    ...{
      actions: [{ name: "say", input_schema_json: '{"type":"object","properties":{"a":{"enum":[1]}}}' }],
      permissions: { net: ["a.b:1"] },
    },
    ...{ hooks: [{ event: "schedule", action: "say", cron: "*/5 * * * *" }], limits: { call_ms: 100 } },
  });
  const change = fc.record({ at: fc.nat(archive.length - 1), cut: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      let bytes = archive;
      for (const { at, cut, insert } of changes) {
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...insert, ...bytes.subarray(at + cut)]);
      }
      await readArchive(bytes, RESERVED).catch((error) =>
        assert(error instanceof ChatError && error.code === "invalid_argument", String(error))
      );
    }),
    { numRuns: 500 },
  );
  const anything = fc.anything({ withNullPrototype: true });
  fc.assert(fc.property(anything, fc.constantFrom("name", "actions", "hooks", "permissions", "limits", "version"), (value, key) => {
    try {
      readManifest("manifest", JSON.parse(JSON.stringify(manifestOf({ [key]: value }))), RESERVED);
    } catch (error) {
      assert(error instanceof ChatError && error.code === "invalid_argument", String(error));
    }
  }));
});

Deno.test("readManifest holds every field to what the proto says of it", () => {
  const hook = (fields: object) => ({ hooks: [{ event: "message.before_create", ...fields }] });
  const cases: [Readonly<Record<string, unknown>>, RegExp][] = [
    [{ version: "1.0" }, /\.version` must be a version as semver.org has it/],
    [{ version: "01.0.0" }, /\.version`/],
    [{ description: "x".repeat(4_097) }, /\.description` must be 0 to 4096 bytes of UTF-8, got 4097/],
    [{ color: "red" }, /` must have no field but .*, got "color"/],
    [{ actions: [], hooks: [] }, /` must have an action or a hook, got neither/],
    [{ actions: [{ name: "say" }, { name: "say" }] }, /\.actions\[1\]` must be there once, got "say" again/],
    [{ actions: [{ name: "say", scope: "root" }] }, /\.actions\[0\]\.scope` must be empty or one of messages:read, .*got "root"/],
    [{ actions: [{ name: "say", input_schema_json: "{" }] }, /\.actions\[0\]\.input_schema_json` must be JSON/],
    [{ actions: [{ name: "say", output_schema_json: '{"pattern":"(a+)+$"}' }] }, /pattern` must not be there: .*regular expression/],
    [hook({ event: "message.edited" }), /\.hooks\[0\]\.event` must be one of .*, got "message.edited"/],
    [hook({ on_failure: "shut" }), /\.on_failure` must be "open" or "closed", got "shut"/],
    [hook({ action: "say" }), /\.action` must be empty with the event message.before_create/],
    [hook({ timeout_ms: 60_001 }), /\.timeout_ms` must be a whole number from 0 to 60000/],
    [hook({ event: "command", command: "a b", action: "say" }), /\.command` must be 1 to 64/],
    [hook({ event: "ai.tool", action: "none" }), /\.action` must be one of the manifest's actions, got "none"/],
    [hook({ event: "schedule", action: "say", cron: "* * * *" }), /\.cron` must be five fields/],
    [hook({ event: "schedule", action: "say", cron: "60 * * * *" }), /\.cron` must have a minute from 0 to 59, got "60"/],
    [{ hooks: [{ event: "ai.tool", action: "say" }, { event: "ai.tool", action: "say" }] }, /\.hooks\[1\]` must be there once/],
    [
      { actions: [{ name: "say", streams: true }], ...hook({ event: "command", command: "a", action: "say" }) },
      /does not stream, got "say"/,
    ],
    [
      { actions: Array.from({ length: 64 }, (_, n) => ({ name: `a${n}`, description: "x".repeat(4_096) })) },
      /` must be at most 262144 characters/,
    ],
    [{ limits: { memory_bytes: 1 } }, /\.memory_bytes` must be 0 or at least 16777216/],
    [{ limits: { output_bytes: 4_194_305 } }, /\.output_bytes` must be a whole number from 0 to 4194304/],
    [{ permissions: { run: true } }, /\.permissions` must have no field but/],
    [{ permissions: { env: ["DATABASE_URL"] } }, /\.env\[0\]` must not be a setting of the server, got "DATABASE_URL"/],
    [{ permissions: { env: ["LD_PRELOAD"] } }, /\.env\[0\]` must not be a variable that steers/],
    [{ permissions: { capabilities: ["messages.delete"] } }, /\.capabilities\[0\]` must be one of/],
  ];
  for (const [changes, wanted] of cases) assertMatch(manifestProblem(changes), wanted);
  for (
    const host of [
      "*",
      "*.example",
      "a.b:0",
      "a.b:65536",
      "http://a",
      "a/b",
      "127.0.0.1",
      "localhost:80",
      "localhost",
      "[::1]",
      "1.2.3",
      "::1",
      "a..b",
      "x.localhost",
    ]
  ) {
    assertMatch(manifestProblem({ permissions: { net: [host] } }), /\.net\[0\]` must/, host);
  }
  const hosts = ["API.example", "a.b:443", "127.0.0.1:80", "[::1]:80", "10.0.0.1", "[2001:db8::1]:1"];
  const { net } = readPermissions("p", { net: hosts }, RESERVED);
  assertEquals(net, hosts.map((host) => host.toLowerCase()).sort());
});

Deno.test("missingPermissions tells exactly what was asked for and not granted", () => {
  const read = (value: object) => readPermissions("p", value, RESERVED);
  const asked = read({ net: ["a.b"], env: ["KEY"], data: true, capabilities: ["storage"], rooms: ["one"] });
  assertEquals(missingPermissions(asked, asked), undefined);
  assertEquals(missingPermissions(asked, read({ rooms: ["*"] }))?.rooms, []);
  assertEquals(missingPermissions(asked, read({})), asked);
  assertEquals(missingPermissions(read({ net: ["a.b"] }), read({ net: ["a.b:443"] }))?.net, ["a.b"], "a port is less than all ports");
});

Deno.test("readSchema says of values what another validator says of them", () => {
  const schemas = [
    {
      type: "object",
      properties: { a: { type: "integer", minimum: 0, exclusiveMaximum: 5 } },
      required: ["a"],
      additionalProperties: false,
    },
    {
      type: ["array", "null"],
      items: { type: "string", minLength: 1, maxLength: 3 },
      uniqueItems: true,
      maxItems: 3,
      contains: { const: "a" },
    },
    {
      $ref: "#/$defs/tree",
      $defs: { tree: { type: "object", properties: { left: { $ref: "#/$defs/tree" }, v: { enum: [1, "x", null, { a: [1] }] } } } },
    },
    { oneOf: [{ type: "number", multipleOf: 0.5 }, { type: "integer" }, { not: { type: "number" } }] },
    {
      if: { type: "string" },
      then: { const: "a" },
      else: { anyOf: [{ type: "boolean" }, { minProperties: 1, propertyNames: { maxLength: 1 } }] },
    },
    { prefixItems: [{ type: "string" }, false], items: { type: "number" } },
    { additionalProperties: { type: "number" }, maxProperties: 2 },
  ];
  const leaf = fc.constantFrom<unknown>(null, true, 0, 1, 2.5, -1, 5, "", "a", "ab", "abcd", "x");
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie("any"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom("a", "v", "left", "bc"), tie("any"), { maxKeys: 3 }),
    ),
  })).any;
  for (const schema of schemas) {
    const ours = readSchema("schema", JSON.stringify(schema));
    const theirs = new Ajv2020({ strict: false }).compile(schema);
    fc.assert(
      fc.property(value, (value) => {
        const found = JSON.parse(JSON.stringify(value));
        assertEquals(ours.problem(found) === undefined, theirs(found), JSON.stringify(found));
      }),
      { numRuns: 200 },
    );
  }
  assertEquals(readSchema("s", JSON.stringify(schemas[0])).problem({ a: 5 }), { at: ".a", text: "must keep to exclusiveMaximum 5, got 5" });
});

Deno.test("readSchema ends, however much a schema would have it do", () => {
  const twice = { anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/a" }] };
  const nested = { $defs: { a: { type: "object", properties: { x: twice } } }, ...twice };
  let value: unknown = 1;
  for (let depth = 0; depth < 60; depth++) value = { x: value };
  const startedMs = performance.now();
  for (
    const [schema, found] of [[nested, value], [{ $ref: "#" }, 1], [
      { uniqueItems: true },
      Array.from({ length: 50_000 }, (_, index) => index),
    ]]
  ) {
    assertMatch(readSchema("s", JSON.stringify(schema)).problem(found)?.text ?? "", /within bounds/);
  }
  assertLess(performance.now() - startedMs, 20_000);
  for (
    const wrong of [
      '{"$ref":"https://example.org/s"}',
      '{"$ref":"#/$defs/no"}',
      '{"type":"text"}',
      '{"items":1}',
      '{"patternProperties":{}}',
      "1",
    ]
  ) {
    assertEquals(assertThrows(() => readSchema("s", wrong), ChatError).code, "invalid_argument", wrong);
  }
});

Deno.test("readCron names minutes as cron does", () => {
  const due = (cron: string, time: string) => isDue(readCron("cron", cron), Date.parse(time));
  const sunday = "2026-11-29T10:30:00Z";
  for (const cron of ["* * * * *", "30 10 * * *", "*/15 8-12/2 29 11 *", "0,30 * * * 0", "30 * * * 7", "30 * 1 * 7", "30 10 29 * 1"]) {
    assert(due(cron, sunday), cron);
  }
  for (const cron of ["31 * * * *", "30 11 * * *", "*/20 * * * *", "30 * 1 * *", "30 * * * 1-6", "30 * * 12 *"]) {
    assert(!due(cron, sunday), cron);
  }
  for (
    const wrong of ["", "* * * * * *", "a * * * *", "5-1 * * * *", "*/0 * * * *", "* 24 * * *", "* * 0 * *", "-1 * * * *", "1- * * * *"]
  ) {
    assertThrows(() => readCron("cron", wrong), ChatError);
  }
});

Deno.test("requireSigned takes what a trusted key has signed, and nothing else where there are trusted keys", async () => {
  const digest = await digestOf(archiveOf());
  const makeKey = async (id: string) => {
    const { publicKey, privateKey } = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
    const sign = async (digest: string) => ({
      keyId: id,
      signature: new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, Uint8Array.fromHex(digest))),
    });
    return { trusted: { id, publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)) }, sign };
  };
  const [ours, theirs] = [await makeKey("ours"), await makeKey("theirs")];
  const [good, strange] = [await ours.sign(digest), await theirs.sign(digest)];
  assertEquals(await requireSigned(digest, [good, strange], [ours.trusted]), ["ours"]);
  assertEquals(await requireSigned(digest, [], []), []);
  for (const signatures of [[], [strange], [await ours.sign("0".repeat(64))], [{ ...strange, keyId: "ours" }]]) {
    const refused = await assertRejects(() => requireSigned(digest, signatures, [ours.trusted]), ChatError);
    assertEquals([refused.code, refused.field], ["permission_denied", "signatures"]);
  }
  const short = await assertRejects(() => requireSigned(digest, [{ keyId: "ours", signature: new Uint8Array(63) }], []), ChatError);
  assertEquals(short.field, "signatures[0].signature");
});

Deno.test({
  name: "sandboxProblem says why plugins with code cannot run where the server may start nothing",
  permissions: { run: false },
  fn: async () => assertMatch(await sandboxProblem() ?? "", /^Plugins with code cannot run here, because \/bin\/sh cannot be started: /),
});

Deno.test("parseEnvFile reads NAME=value lines as they stand, and shows no value of a line that is none", () => {
  const found = parseEnvFile("/etc/plugins", "# comment\n\nA=1\r\n  B_2=x=y # z\nC=\n");
  assertEquals([...found], [["A", "1"], ["B_2", "x=y # z"], ["C", ""]]);
  const error = assertThrows(() => parseEnvFile("/etc/plugins", "A=1\nhunter2\n"), ChatError);
  assertEquals(error.message, "Line 2 of /etc/plugins must be NAME=value, and is something else");
});
