/**
 * Every setting there is, one row each: the reader, `deno task config`, the README's table and the permissions that the `start` task grants
 * are all made from these rows.
 *
 * @module
 */
import { aiRows } from "./rows/ai.ts";
import { authRows } from "./rows/auth.ts";
import { grpcRows } from "./rows/grpc.ts";
import { httpRows } from "./rows/http.ts";
import { observingRows } from "./rows/observing.ts";
import { pluginRows } from "./rows/plugins.ts";
import { processRows } from "./rows/process.ts";
import { retrievalRows } from "./rows/retrieval.ts";
import { rolesRows } from "./rows/roles.ts";
import { storesRows } from "./rows/stores.ts";
import type { Given, Setting } from "./setting.ts";

export type { Setting };

/** The rows, in the order in which people read them. */
export const settings = {
  ...rolesRows,
  ...httpRows,
  ...grpcRows,
  ...authRows,
  ...storesRows,
  ...observingRows,
  ...retrievalRows,
  ...aiRows,
  ...pluginRows,
  ...processRows,
} as const;

/** The name of a setting. */
export type SettingName = keyof typeof settings;

/** Every setting's name, in the order of the table. */
export const settingNames = Object.keys(settings) as readonly SettingName[];

/** What each setting was read as; those without a default may be undefined. */
export type SettingValues = {
  readonly [Name in SettingName]: (typeof settings)[Name] extends Given<infer T> ? T
    : (typeof settings)[Name] extends Setting<infer T> ? T | undefined
    : never;
};
