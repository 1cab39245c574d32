/**
 * Documents and their index. A collection's row is the lock under which its index changes, and holds the exact counts that ranking needs; every
 * other key begins with the collection's number. Text that is compared is `collate "C"`, as in the chat log.
 *
 * Postings lie in blocks: one row for a term and 2,048 neighbouring chunk numbers, so that a search reads few rows and a change writes few
 * bytes. They are not compressed: they are read far more often than the place they take matters.
 */
export const rag = `
create table rag_collections (
  collection text collate "C" primary key,
  id int4 generated always as identity,
  documents int8 not null default 0,
  chunks int8 not null default 0,
  total_length int8 not null default 0,
  next_chunk int4 not null default 0,
  languages jsonb not null default '{}'
) with (fillfactor = 50);

create table rag_documents (
  collection_id int4 not null,
  document_id text collate "C" not null,
  content text not null,
  content_hash text collate "C" not null,
  title text not null,
  media_type text collate "C" not null,
  language text collate "C" not null,
  metadata jsonb not null default '{}',
  chunk_count int4 not null,
  words text[] collate "C" not null,
  version int4 not null,
  created_at_ms int8 not null,
  updated_at_ms int8 not null,
  primary key (collection_id, document_id)
);

create table rag_chunks (
  collection_id int4 not null,
  chunk_no int4 not null,
  document_id text collate "C" not null,
  ordinal int4 not null,
  start_at int4 not null,
  end_at int4 not null,
  heading text not null,
  content text not null,
  length int4 not null,
  terms text[] collate "C" not null,
  counts int4[] not null,
  primary key (collection_id, chunk_no)
);
create index rag_chunks_document on rag_chunks (collection_id, document_id, ordinal);

create table rag_vectors (
  collection_id int4 not null,
  chunk_no int4 not null,
  model text collate "C" not null,
  vector bytea not null,
  primary key (collection_id, chunk_no)
);
alter table rag_vectors alter column vector set storage external;

create table rag_postings (
  collection_id int4 not null,
  term text collate "C" not null,
  block int4 not null,
  data bytea not null,
  primary key (collection_id, term, block)
) with (fillfactor = 80);
alter table rag_postings alter column data set storage external;

create table rag_terms (
  collection_id int4 not null,
  term text collate "C" not null,
  df int4 not null,
  primary key (collection_id, term)
) with (fillfactor = 80);

create table rag_words (
  collection_id int4 not null,
  word text collate "C" not null,
  df int4 not null,
  grams text[] collate "C" not null,
  primary key (collection_id, word)
) with (fillfactor = 80);
-- Without the list of pending entries, which every look-up would read from end to end until somebody vacuums.
create index rag_words_grams on rag_words using gin (grams) with (fastupdate = off);
`;
