import { type Kysely, sql, type Transaction } from "kysely";
import type { Schema } from "../database/schema.ts";

/** What the indexes of pgvector take: single floats up to the first, half floats up to the second. */
const MAX_VECTOR = 2_000;
const MAX_HALFVEC = 4_000;
/** Since 0.8 a search goes on until enough rows have passed its filter; with older ones the scan of all embeddings is better. */
const MIN_VERSION = [0, 8] as const;
/** Embeddings copied in one transaction. */
const COPIED_AT_ONCE = 200;
/** How long nothing is tried after a failure: a role that may not make the extension should not be asked by every search. */
const RETRY_MS = 60_000;
/** Any fixed number: whoever makes a space takes this advisory lock first. */
const LOCK_KEY = 7_236_401_583;

/** An embedding of a chunk. */
export interface ChunkVector {
  readonly chunkNo: number;
  readonly vector: Float32Array;
}

/** A space that is ready to be searched. */
export interface VectorSpace {
  readonly id: number;
  readonly dimensions: number;
}

/**
 * The spaces of embeddings that pgvector indexes, each made when first asked for. Where the extension is not or is too old, or the embeddings are too
 * long for it, there is none, and that is remembered until the next start.
 */
export class VectorSpaces {
  readonly #db: Kysely<Schema>;
  readonly #onProblem: (error: unknown) => void;
  readonly #known = new Map<string, Promise<VectorSpace | undefined>>();
  #failedAtMs = -Infinity;
  readonly #ready = new Set<number>();
  #copying: Promise<void> = Promise.resolve();
  #closed = false;

  /** `onProblem` is told why the database has no space although it knows pgvector. */
  constructor(db: Kysely<Schema>, onProblem: (error: unknown) => void) {
    this.#db = db;
    this.#onProblem = onProblem;
  }

  /** Makes the space unless it is there; the embeddings of before are copied meanwhile. */
  async prepare(model: string, dimensions: number): Promise<void> {
    await this.#space(model, dimensions);
  }

  /** The space to search in; undefined when there is none, or not all has been copied yet. */
  async find(model: string, dimensions: number): Promise<VectorSpace | undefined> {
    const space = await this.#space(model, dimensions);
    return space !== undefined && this.#ready.has(space.id) ? space : undefined;
  }

  /** Waits until what was there before has been copied. */
  async settled(): Promise<void> {
    await this.#copying;
  }

  /** Waits for the batch at hand; the rest is copied after the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#copying;
  }

  #space(model: string, dimensions: number): Promise<VectorSpace | undefined> {
    const key = `${dimensions} ${model}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#closed || performance.now() < this.#failedAtMs + RETRY_MS) return Promise.resolve(undefined);
    const made = this.#make(model, dimensions).catch((error) => {
      this.#failed(error);
      this.#known.delete(key);
      return undefined;
    });
    this.#known.set(key, made);
    return made;
  }

  #failed(error: unknown): void {
    this.#failedAtMs = performance.now();
    this.#onProblem(error);
  }

  async #make(model: string, dimensions: number): Promise<VectorSpace | undefined> {
    if (dimensions > MAX_HALFVEC || !await this.#hasExtension()) return undefined;
    const { id, ready } = await this.#db.transaction().execute((trx) => makeSpace(trx, model, dimensions));
    const space = { id, dimensions };
    if (ready) this.#ready.add(id);
    else {this.#copying = this.#copying.then(() => this.#copy(space, model)).catch((error) => {
        this.#failed(error);
        this.#known.delete(`${dimensions} ${model}`);
      });}
    return space;
  }

  async #hasExtension(): Promise<boolean> {
    const { rows: [available] } = await sql`select from pg_available_extensions where name = 'vector'`.execute(this.#db);
    if (available === undefined) return false;
    await sql`create extension if not exists vector`.execute(this.#db);
    const { rows: [made] } = await sql<{ version: string }>`
      select extversion as version from pg_extension where extname = 'vector'`.execute(this.#db);
    const [major = 0, minor = 0] = made?.version.split(".").map(Number) ?? [];
    return major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1]);
  }

  /** Each collection under its lock: whoever writes later sees the space and adds to it. */
  async #copy(space: VectorSpace, model: string): Promise<void> {
    const collections = await this.#db.selectFrom("rag_collections").select("id").execute();
    for (const { id } of collections) {
      while (await this.#db.transaction().execute((trx) => copyBatch(trx, { space, model, collectionId: id }))) {
        if (this.#closed) return;
      }
    }
    await this.#db.updateTable("rag_vector_spaces").set({ ready: true }).where("id", "=", space.id).execute();
    this.#ready.add(space.id);
  }
}

async function makeSpace(trx: Transaction<Schema>, model: string, dimensions: number) {
  await sql`select pg_advisory_xact_lock(${LOCK_KEY}::int8)`.execute(trx);
  const known = await trx.selectFrom("rag_vector_spaces").select(["id", "ready"])
    .where("model", "=", model).where("dimensions", "=", dimensions).executeTakeFirst();
  if (known !== undefined) return known;
  const { rows: [made] } = await sql<{ id: number; ready: boolean }>`
    insert into rag_vector_spaces (model, dimensions) values (${model}, ${dimensions}) returning id, ready`.execute(trx);
  const { id } = made!;
  await sql`
    create table ${tableOf(id)} (
      collection_id int4 not null,
      chunk_no int4 not null,
      embedding ${typeOf(dimensions)} not null,
      primary key (collection_id, chunk_no),
      foreign key (collection_id, chunk_no) references rag_vectors on delete cascade
    )`.execute(trx);
  const operators = sql.raw(dimensions > MAX_VECTOR ? "halfvec_cosine_ops" : "vector_cosine_ops");
  await sql`create index on ${tableOf(id)} using hnsw (embedding ${operators})`.execute(trx);
  return made!;
}

interface Copied {
  readonly space: VectorSpace;
  readonly model: string;
  readonly collectionId: number;
}

/** False when there was nothing left. */
async function copyBatch(trx: Transaction<Schema>, { space, model, collectionId }: Copied): Promise<boolean> {
  await sql`select from rag_collections where id = ${collectionId} for update`.execute(trx);
  const { rows } = await sql<{ chunk_no: number; vector: Uint8Array }>`
    select chunk_no, vector from rag_vectors
    where collection_id = ${collectionId} and model = ${model} and octet_length(vector) = ${space.dimensions * 4} and not exists (
      select from ${tableOf(space.id)} copied where copied.collection_id = ${collectionId} and copied.chunk_no = rag_vectors.chunk_no
    ) limit ${COPIED_AT_ONCE}`.execute(trx);
  await insert(trx, { collectionId, space }, rows.map(({ chunk_no, vector }) => ({ chunkNo: chunk_no, vector: floatsOf(vector) })));
  return rows.length > 0;
}

/** Adds embeddings of one model and size to their space, if there is one; the caller holds the collection's lock. */
export async function addToSpace(
  trx: Transaction<Schema>,
  collectionId: number,
  model: string,
  vectors: readonly ChunkVector[],
): Promise<void> {
  const dimensions = vectors[0]?.vector.length ?? 0;
  const space = await trx.selectFrom("rag_vector_spaces").select(["id", "dimensions"])
    .where("model", "=", model).where("dimensions", "=", dimensions).executeTakeFirst();
  if (space === undefined) return;
  for (let at = 0; at < vectors.length; at += COPIED_AT_ONCE) {
    await insert(trx, { collectionId, space }, vectors.slice(at, at + COPIED_AT_ONCE));
  }
}

async function insert(
  trx: Transaction<Schema>,
  { collectionId, space }: { readonly collectionId: number; readonly space: VectorSpace },
  vectors: readonly ChunkVector[],
): Promise<void> {
  if (vectors.length === 0) return;
  await sql`
    insert into ${tableOf(space.id)} (collection_id, chunk_no, embedding)
    select ${collectionId}, chunk_no, embedding::${typeOf(space.dimensions)}
    from unnest(${vectors.map((one) => one.chunkNo)}::int4[], ${vectors.map((one) => vectorText(one.vector))}::text[])
      as given (chunk_no, embedding)`.execute(trx);
}

/** The table of a space. */
export function tableOf(spaceId: number) {
  return sql.table(`rag_space_${spaceId}`);
}

/** The type of a space's embeddings. */
export function typeOf(dimensions: number) {
  return sql.raw(`${dimensions > MAX_VECTOR ? "halfvec" : "vector"}(${dimensions})`);
}

/** A vector as pgvector reads it. */
export function vectorText(vector: Float32Array): string {
  return `[${vector.join(",")}]`;
}

/** A copy, because bytes from a database may lie at any offset, which a Float32Array cannot. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer);
}
