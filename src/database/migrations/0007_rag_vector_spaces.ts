/**
 * Where pgvector is, embeddings of one model and size are a space with a table and an HNSW index of its own, `rag_space_` and the number, made when
 * the first such embedding comes (the extension may not be there yet when a database is migrated). `rag_vectors` stays the truth; a space's rows go
 * with theirs. A space is `ready` when all that was there before it has been copied.
 */
export const ragVectorSpaces = `
create table rag_vector_spaces (
  id int4 generated always as identity primary key,
  model text collate "C" not null,
  dimensions int4 not null,
  ready boolean not null default false,
  unique (model, dimensions)
);
`;
