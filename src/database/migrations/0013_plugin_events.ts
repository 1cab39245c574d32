/**
 * How far each plugin has been told of what has happened in each room, and which server is at it until when; since when a plugin is told at all, which is when
 * its positions were taken; and the last time of each schedule that somebody has taken.
 */
export const pluginEvents = `
create table plugin_followers (
  plugin text collate "C" primary key,
  since_ms int8 not null
);
create table plugin_positions (
  plugin text collate "C" not null,
  room text collate "C" not null,
  seq int8 not null,
  attempts int4 not null default 0,
  holder text collate "C" not null default '',
  held_until_ms int8 not null default 0,
  primary key (plugin, room)
) with (fillfactor = 50);
create table plugin_schedules (
  plugin text collate "C" not null,
  hook text collate "C" not null,
  due_ms int8 not null,
  primary key (plugin, hook)
);
`;
