/**
 * The chat log. Text that is compared is `collate "C"`: equal on every machine, and its indexes do not rot when a system's collations change.
 * No foreign keys: every write would look up and lock rows whose keys it already knows.
 *
 * `rooms` is a few rows updated with every message: half-filled pages keep those updates within the page, without index writes (HOT), and
 * vacuum comes after a fixed number of dead rows, not a share of a table that never grows.
 */
export const messages = `
create table rooms (
  room text collate "C" primary key,
  head_seq int8 not null default 0,
  kept_after_seq int8 not null default 0,
  last_event_at_ms int8 not null default 0
) with (
  fillfactor = 50,
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_threshold = 10000, autovacuum_analyze_scale_factor = 0
);

create table messages (
  room text collate "C" not null,
  id int4 not null,
  version int4 not null default 1,
  username text collate "C" not null,
  message_type text collate "C" not null,
  content text not null,
  metadata jsonb not null default '{}',
  client_message_id text collate "C",
  created_at_ms int8 not null,
  updated_at_ms int8 not null,
  deleted boolean not null default false,
  primary key (room, id)
);
create unique index messages_client_message_id on messages (room, client_message_id) where client_message_id is not null;
create index messages_username on messages (room, username, id);

create table message_events (
  room text collate "C" not null,
  seq int8 not null,
  event_type text collate "C" not null check (event_type in ('edited', 'deleted')),
  message_id int4 not null,
  version int4 not null,
  at_ms int8 not null,
  primary key (room, seq)
);
create index message_events_message_id on message_events (room, message_id);

create table message_revisions (
  room text collate "C" not null,
  message_id int4 not null,
  version int4 not null,
  content text not null,
  metadata jsonb not null default '{}',
  primary key (room, message_id, version)
);

create table room_folds (
  room text collate "C" primary key,
  counted_seq int8 not null,
  searched_seq int8 not null
) with (fillfactor = 50);

create table message_counts (
  room text collate "C" not null,
  username text collate "C" not null,
  block int4 not null,
  count int8 not null,
  primary key (room, username, block)
) with (fillfactor = 80);

create table message_words (
  room text collate "C" not null,
  message_id int4 not null,
  words tsvector not null,
  primary key (room, message_id)
);
create index message_words_words on message_words using gin (words);
`;
