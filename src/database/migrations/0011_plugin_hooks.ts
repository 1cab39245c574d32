/**
 * What plugins decided about a message and which of them it comes from, as one value that most messages do not have; which hooks there are, as the message
 * service last heard; and the slash commands that were begun, for as long as somebody may send one again.
 */
export const pluginHooks = `
alter table messages add column plugins jsonb;
alter table message_revisions add column plugins jsonb;
create table message_hooks (
  name text collate "C" primary key,
  hooks jsonb not null
);
create table message_commands (
  room text collate "C" not null,
  client_message_id text collate "C" not null,
  username text collate "C" not null,
  held_until_ms int8 not null,
  answer jsonb,
  begun_at_ms int8 not null,
  primary key (room, client_message_id)
);
create index message_commands_begun on message_commands (room, begun_at_ms);
`;
