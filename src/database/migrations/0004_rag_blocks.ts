/**
 * What lets a process keep postings that it has read: each change of a collection takes the next version of the collection, and leaves it at every
 * block of chunk numbers that it touched. Postings of a block whose version is still the same are still right. A block without a row has not changed
 * since this was introduced: its version is 0.
 */
export const ragBlocks = `
alter table rag_collections add column version int8 not null default 0;

create table rag_blocks (
  collection_id int4 not null,
  block int4 not null,
  version int8 not null,
  primary key (collection_id, block)
) with (fillfactor = 50);
`;
