/**
 * How far the assistant follows the log of each room that allows it, the questions found there, and which server is at each until when. One that is
 * answered stays for a while, so that nobody takes it for new.
 */
export const aiQuestions = `
create table ai_rooms (
  room text collate "C" primary key,
  seq int8 not null,
  since_ms int8 not null
) with (fillfactor = 50);
create table ai_questions (
  room text collate "C" not null,
  message_id int4 not null,
  asker text collate "C" not null,
  nonce text collate "C" not null,
  status text collate "C" not null default 'waiting',
  holder text collate "C" not null default '',
  held_until_ms int8 not null default 0,
  attempts int4 not null default 0,
  crowded boolean not null,
  asked_at_ms int8 not null,
  primary key (room, message_id)
) with (fillfactor = 50);
create index ai_questions_open on ai_questions (asked_at_ms) where status <> 'done';
create index ai_questions_asked on ai_questions (asked_at_ms);
create index room_settings_assistant on room_settings (room) where assistant;
`;
