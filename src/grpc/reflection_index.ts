import protobuf from "protobufjs";

/** A protobuf message's fields by number, each length-delimited one as its bytes; others are left out. */
type Fields = ReadonlyMap<number, readonly Uint8Array[]>;

/** One `FileDescriptorProto`. */
interface ProtoFile {
  readonly name: string;
  /** As the compiler wrote it, so that options this program knows nothing of stay in. */
  readonly bytes: Uint8Array;
  readonly imports: readonly string[];
}

/** The numbers of the fields that are read here, from google/protobuf/descriptor.proto. */
const FILE = { name: 1, package: 2, dependency: 3, message: 4, enum: 5, service: 6 } as const;
const MESSAGE = { name: 1, nested: 3, enum: 4 } as const;
const SERVICE = { name: 1, method: 2 } as const;

/** Finds proto files by their names and by what is declared in them. */
export class ReflectionIndex {
  readonly #files = new Map<string, ProtoFile>();
  readonly #symbols = new Map<string, ProtoFile>();
  readonly #messages = new Set<string>();

  /** `descriptorSet`: a binary `google.protobuf.FileDescriptorSet`, imports included. */
  constructor(descriptorSet: Uint8Array) {
    for (const bytes of read(descriptorSet).get(1) ?? []) this.#add(bytes);
  }

  /** The file of this name and every file that it leans on, itself first; undefined when there is none. */
  byName(name: string): readonly Uint8Array[] | undefined {
    const file = this.#files.get(name);
    return file && this.#closure(file);
  }

  /** The file that declares a message, enum, service or method of this full name, and every file that it leans on. */
  bySymbol(name: string): readonly Uint8Array[] | undefined {
    const file = this.#symbols.get(name);
    return file && this.#closure(file);
  }

  /** Whether this is the full name of a message type. */
  hasMessage(name: string): boolean {
    return this.#messages.has(name);
  }

  #add(bytes: Uint8Array): void {
    const fields = read(bytes);
    const file = { name: text(fields, FILE.name), bytes, imports: (fields.get(FILE.dependency) ?? []).map(decode) };
    const scope = text(fields, FILE.package);
    this.#files.set(file.name, file);
    for (const part of fields.get(FILE.message) ?? []) this.#addMessage(file, scope, read(part));
    for (const part of fields.get(FILE.enum) ?? []) this.#symbols.set(join(scope, text(read(part), MESSAGE.name)), file);
    for (const part of fields.get(FILE.service) ?? []) this.#addService(file, scope, read(part));
  }

  #addMessage(file: ProtoFile, scope: string, fields: Fields): void {
    const name = join(scope, text(fields, MESSAGE.name));
    this.#symbols.set(name, file);
    this.#messages.add(name);
    for (const part of fields.get(MESSAGE.nested) ?? []) this.#addMessage(file, name, read(part));
    for (const part of fields.get(MESSAGE.enum) ?? []) this.#symbols.set(join(name, text(read(part), MESSAGE.name)), file);
  }

  #addService(file: ProtoFile, scope: string, fields: Fields): void {
    const name = join(scope, text(fields, SERVICE.name));
    this.#symbols.set(name, file);
    for (const part of fields.get(SERVICE.method) ?? []) this.#symbols.set(join(name, text(read(part), SERVICE.name)), file);
  }

  #closure(file: ProtoFile, seen = new Set<ProtoFile>()): readonly Uint8Array[] {
    if (seen.has(file)) return [];
    seen.add(file);
    const imports = file.imports.flatMap((name) => this.#files.get(name) ?? []);
    return [file.bytes, ...imports.flatMap((imported) => this.#closure(imported, seen))];
  }
}

function read(bytes: Uint8Array): Fields {
  const fields = new Map<number, Uint8Array[]>();
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) !== 2) {
      reader.skipType(tag & 7);
      continue;
    }
    const values = fields.get(tag >>> 3) ?? [];
    values.push(reader.bytes());
    fields.set(tag >>> 3, values);
  }
  return fields;
}

function text(fields: Fields, number: number): string {
  return decode(fields.get(number)?.[0] ?? new Uint8Array());
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function join(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}
