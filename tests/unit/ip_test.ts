import { assertEquals } from "@std/assert";
import { addressHolder, ipBlock, ipBytes, isInBlocks } from "../../src/core/ip.ts";

Deno.test("ipBytes reads addresses of both kinds, and no names", () => {
  assertEquals(ipBytes("127.0.0.1")?.toHex(), "7f000001");
  assertEquals(ipBytes("::1")?.toHex(), "00000000000000000000000000000001");
  assertEquals(ipBytes("::")?.toHex(), "00000000000000000000000000000000");
  assertEquals(ipBytes("2001:db8::a:0:b")?.toHex(), "20010db80000000000" + "00000a0000000b");
  assertEquals(ipBytes("::ffff:10.0.0.1")?.toHex(), "00000000000000000000ffff0a000001");
  for (const name of ["localhost", "1.2.3", "1.2.3.256", "fe80::1%eth0", "", "1:2", "beef", ":::"]) {
    assertEquals(ipBytes(name), undefined, name);
  }
});

Deno.test("ipBlock reads addresses and blocks, and isInBlocks tells what is in them, in whichever clothes an IPv4 address comes", () => {
  for (const text of ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "host/8", ""]) assertEquals(ipBlock(text), undefined, text);
  const isIn = (address: string, block: string) => isInBlocks(address, [ipBlock("203.0.113.9")!, ipBlock(block)!]);
  assertEquals([isIn("10.1.2.3", "10.0.0.0/8"), isIn("11.1.2.3", "10.0.0.0/8")], [true, false]);
  assertEquals([isIn("10.15.0.1", "10.0.0.0/12"), isIn("10.16.0.1", "10.0.0.0/12")], [true, false]);
  assertEquals([isIn("::ffff:10.1.2.3", "10.0.0.0/8"), isIn("::ffff:203.0.113.9", "10.0.0.0/8")], [true, true]);
  assertEquals([isIn("2001:db8:1::1", "2001:db8::/32"), isIn("2001:db9::1", "2001:db8::/32")], [true, false]);
  assertEquals([isIn("192.0.2.1", "0.0.0.0/0"), isIn("::1", "0.0.0.0/0"), isIn("nobody", "0.0.0.0/0")], [true, false, false]);
});

Deno.test("addressHolder counts the first 64 bits of IPv6 as one holder", () => {
  assertEquals(addressHolder("192.0.2.1"), addressHolder("::ffff:192.0.2.1"));
  assertEquals(addressHolder("2001:db8::1"), addressHolder("2001:db8:0:0:ffff::1"));
  assertEquals(addressHolder("2001:db8::1") === addressHolder("2001:db8:0:1::1"), false);
});
