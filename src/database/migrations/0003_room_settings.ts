/** What has been set for rooms. Members stand in the room's row: they are read and replaced together, and are a thousand at most. */
export const roomSettings = `
create table room_settings (
  room text collate "C" primary key,
  title text not null default '',
  description text not null default '',
  restricted boolean not null default false,
  members text[] collate "C" not null default '{}',
  documents boolean not null default false,
  assistant boolean not null default false,
  version int4 not null default 1,
  updated_at_ms int8 not null
);
create index room_settings_documents on room_settings (room) where documents;
`;
