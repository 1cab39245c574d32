/**
 * API keys, and one row whose number grows with each change of them, so that processes notice a revoked key by reading that row. Neither belongs to
 * a room; a Postgres that spreads rooms keeps a copy of both everywhere.
 */
export const apiKeys = `
create table api_keys (
  id text collate "C" primary key,
  hash text collate "C" not null,
  label text not null,
  username text collate "C" not null,
  scopes text[] collate "C" not null,
  rooms text[] collate "C",
  created_at_ms int8 not null,
  expires_at_ms int8,
  revoked_at_ms int8
);

create table api_key_changes (
  scope text collate "C" primary key,
  version int8 not null
);
`;
