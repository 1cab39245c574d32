import { assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import { describeAddress, parsePostgresUrl } from "../../src/database/postgres/address.ts";

function where(url: string): readonly string[] {
  const { endpoints, target } = parsePostgresUrl(url);
  return [target, ...endpoints.map(({ host, port }) => `${host} ${port}`)];
}

Deno.test("parsePostgresUrl reads one host, with a port or without, IPv6 and a socket's directory", () => {
  assertEquals(where("postgres://u@db/d"), ["any", "db 5432"]);
  assertEquals(where("postgres://u@[::1]:5433/d"), ["any", "::1 5433"]);
  assertEquals(where("postgres://u@localhost/d?host=/run/postgresql&port=5434"), ["any", "/run/postgresql 5434"]);
});

Deno.test("parsePostgresUrl reads several hosts, and then looks for the one that accepts writes", () => {
  assertEquals(where("postgres://u:p@a:1,b,[::1]:3/d"), ["read-write", "a 1", "b 5432", "::1 3"]);
  assertEquals(where("postgres://u:p%2C@a:1,b:2/d?target_session_attrs=standby"), ["standby", "a 1", "b 2"]);
  assertEquals(where("postgres://u@localhost/d?host=/run/a,b&port=1,2"), ["read-write", "/run/a 1", "b 2"]);
  const { password, database, parameters } = parsePostgresUrl("postgres://u:p,q@a:1,b:2/d?target_session_attrs=any&search_path=x");
  assertEquals([password, database, parameters], ["p,q", "d", { search_path: "x" }]);
});

Deno.test("parsePostgresUrl refuses what it cannot read, without showing the URL", () => {
  for (
    const url of [
      "postgres://u:hunter2@a:1,b:x/d",
      "postgres://u:hunter2@a:x,b:1/d",
      "postgres://u:hunter2@a,b/d?target_session_attrs=prefer-standby",
    ]
  ) {
    const error = assertThrows(() => parsePostgresUrl(url), ChatError);
    assertEquals([error.code, error.message.includes("hunter2")], ["invalid_argument", false]);
  }
});

Deno.test("describeAddress names every host", () => {
  assertEquals(describeAddress(parsePostgresUrl("postgres://u:p@a:1,[::1]:2/d")), "database d on a:1, [::1]:2");
});
