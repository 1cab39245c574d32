/**
 * Values that plugins keep, and how much each keeps: that row is locked by whoever changes a value, so that quotas hold and a compare and its set are
 * one step.
 */
export const pluginStorage = `
create table plugin_storage (
  plugin text collate "C" not null,
  key text collate "C" not null,
  value text not null,
  version int8 not null,
  primary key (plugin, key)
);
create table plugin_storage_use (
  plugin text collate "C" primary key,
  keys int8 not null,
  bytes int8 not null
) with (fillfactor = 50);
`;
