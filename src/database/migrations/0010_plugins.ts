/**
 * Plugins, their versions with the archives, and one row whose number grows with each change, under whose lock all of them are made: servers follow by
 * reading it. A plugin's data (its folder, its values) belong to `data_id`, which outlives the plugin only if somebody wants that: so one that comes
 * later under the same name finds nothing of them.
 */
export const plugins = `
create table plugin_changes (
  scope text collate "C" primary key,
  version int8 not null
);
create table plugins (
  name text collate "C" primary key,
  digest text collate "C" not null,
  enabled boolean not null,
  problem text not null,
  built_in boolean not null,
  installed_at_ms int8 not null,
  updated_at_ms int8 not null
);
create table plugin_versions (
  name text collate "C" not null,
  digest text collate "C" not null,
  version text not null,
  manifest jsonb not null,
  events text[] collate "C" not null,
  remote boolean not null,
  archive bytea not null,
  signatures jsonb not null,
  granted jsonb not null,
  installed_at_ms int8 not null,
  installed_by text collate "C" not null,
  primary key (name, digest)
);
create table plugin_data (
  name text collate "C" primary key,
  data_id int8 not null
);
`;
