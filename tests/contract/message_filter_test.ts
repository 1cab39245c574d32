import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBus } from "../../src/bus/memory.ts";
import { ChatError } from "../../src/core/errors.ts";
import { matches, parseFilter } from "../../src/core/filter.ts";
import { createMessageService } from "../../src/message/service.ts";
import { callContext } from "../support/call_context.ts";
import { eachDatabase } from "../support/database.ts";
import { testLog } from "../support/log.ts";

const METADATA: readonly Readonly<Record<string, string>>[] = [
  {},
  { lang: "en", year: "2020" },
  { lang: "de", year: "2021", draft: "" },
  { lang: "Éa", year: "12.5", "a key": "it's" },
  { lang: "😀", year: "-3" },
  { lang: "\uFFFD", year: "MMXX", draft: "yes" },
  { year: "20200000000000000000" },
];

const FILTERS = [
  'lang = "en"',
  'lang != "en"',
  'lang in ("de", "Éa")',
  'lang not in ("de", "en")',
  "year in (2020, 12.5)",
  "year > 12.5",
  "year >= 12.5 and year <= 2020",
  "year < 2020",
  'lang > "😀" or lang < "de"',
  "exists(draft)",
  "not exists(draft) and (exists(lang) or not year = 2020)",
  `"a key" = "it's"`,
  'not (lang = "en" or draft = "yes")',
  '{"or": [{"gt": ["year", 2020]}, {"and": [{"exists": "a key"}, {"not": {"in": ["lang", ["en"]]}}]}]}',
];

eachDatabase("MessageService.getMessages with a filter", async (t, { database }) => {
  const bus = createMemoryBus();
  const service = createMessageService({ database, bus, log: testLog() });
  const room = "filtered";
  try {
    for (const [index, metadata] of METADATA.entries()) {
      const username = index % 2 === 0 ? "ann" : "bob";
      await service.createMessage({ room, username, content: `word ${index}`, metadata }, callContext());
    }
    for (const filter of FILTERS) {
      await t.step(`finds the same as matches does for ${filter}`, async () => {
        const expected = METADATA.flatMap((metadata, index) => matches(parseFilter(filter)!, metadata) ? [index + 1] : []);
        const page = await service.getMessages({ room, filter }, callContext());
        assertEquals([page.messages.map(({ id }) => id), page.totalCount], [expected, expected.length]);
      });
    }

    await t.step("counts and pages what passes the filter, together with the other filters and without what is deleted", async () => {
      const page = await service.getMessages({ room, filter: "exists(year)", limit: 2, order: "newest" }, callContext());
      assertEquals([page.messages.map(({ id }) => id), page.totalCount, page.hasMore, page.nextSeq], [[7, 6], 6, true, 6]);
      const both = await service.getMessages({ room, filter: "exists(year)", username: "ann", search: "word" }, callContext());
      assertEquals([both.messages.map(({ id }) => id), both.totalCount], [[3, 5, 7], 3]);
      await service.deleteMessage({ room, id: 3 }, callContext());
      assertEquals((await service.getMessages({ room, filter: "exists(draft)" }, callContext())).messages.map(({ id }) => id), [6]);
    });

    await t.step("refuses a filter that cannot be read, naming the field", async () => {
      for (const filter of ["lang", "lang = en", "{", '{"eq": ["a", "\\u0000"]}']) {
        const error = await assertRejects(() => service.getMessages({ room, filter }, callContext()), ChatError);
        assertEquals([error.code, error.field], ["invalid_argument", "filter"]);
      }
    });
  } finally {
    await service.close();
    await bus.close();
  }
});
