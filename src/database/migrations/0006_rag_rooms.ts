/** How far the documents made of a room's messages follow its log, and which server is at it until when. */
export const ragRooms = `
create table rag_rooms (
  room text collate "C" primary key,
  seq int8 not null default 0,
  holder text collate "C" not null,
  held_until_ms int8 not null
) with (fillfactor = 50);
`;
