/**
 * Answers of the AI service, and which server is at each until when. Their parts stand apart, as JSON texts of several each, so that an answer that
 * grows adds rows and rewrites none of its text.
 */
export const aiGenerations = `
create table ai_generations (
  id int8 generated always as identity primary key,
  owner text collate "C" not null,
  request_id text collate "C" not null,
  fingerprint text collate "C" not null,
  status text collate "C" not null default 'running',
  holder text collate "C" not null,
  held_until_ms int8 not null,
  cancel_asked boolean not null default false,
  last_seq int4 not null default 0,
  error_code text,
  error_message text,
  created_at_ms int8 not null,
  updated_at_ms int8 not null,
  unique (owner, request_id)
) with (fillfactor = 70);
create index ai_generations_running on ai_generations (held_until_ms) where status = 'running';
create index ai_generations_updated on ai_generations (updated_at_ms);
create table ai_generation_parts (
  generation_id int8 not null references ai_generations on delete cascade,
  first_seq int4 not null,
  last_seq int4 not null,
  parts text not null,
  primary key (generation_id, first_seq)
);
`;
