/** A table as the stream describes it before its first change. */
export type Relation = {
  readonly id: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly {
    readonly name: string;
    readonly typeId: number;
    readonly isKey: boolean;
  }[];
};

/** Values as PostgreSQL prints them; undefined is a large value that did not change. */
export type Tuple = readonly (string | null | undefined)[];

export type Change = {
  readonly type: "INSERT" | "UPDATE" | "DELETE";
  readonly relation: Relation;
  readonly next: Tuple | undefined;
  readonly previous: Tuple | undefined;
};

export type StreamMessage =
  | { readonly kind: "begin"; readonly committedAt: Date }
  | { readonly kind: "commit"; readonly end: bigint }
  | { readonly kind: "change"; readonly change: Change }
  | { readonly kind: "other" };

const epochOffsetMs = Date.UTC(2000, 0, 1);

/** Decodes the messages of the pgoutput plugin, protocol version 1. Remembers the relations. */
export class PgOutputDecoder {
  readonly #relations = new Map<number, Relation>();
  readonly #isWanted: (relation: Relation) => boolean;

  /** Changes of a relation that is not wanted are skipped without being decoded. */
  constructor(isWanted: (relation: Relation) => boolean) {
    this.#isWanted = isWanted;
  }

  decode(message: Buffer): StreamMessage {
    const reader = new Reader(message);
    const kind = reader.character();
    switch (kind) {
      case "B":
        reader.skip(8);
        return { kind: "begin", committedAt: reader.timestamp() };
      case "C":
        reader.skip(1 + 8);
        return { kind: "commit", end: reader.int64() };
      case "R":
        this.#remember(reader);
        return { kind: "other" };
      case "I":
      case "U":
      case "D":
        return this.#change(kind, reader);
      default:
        return { kind: "other" };
    }
  }

  #remember(reader: Reader): void {
    const id = reader.int32();
    const schema = reader.text() || "pg_catalog";
    const table = reader.text();
    reader.skip(1);
    const columns = Array.from({ length: reader.int16() }, () => {
      const isKey = (reader.byte() & 1) === 1;
      const name = reader.text();
      const typeId = reader.int32();
      reader.skip(4);
      return { name, typeId, isKey };
    });
    this.#relations.set(id, { id, schema, table, columns });
  }

  #change(kind: "I" | "U" | "D", reader: Reader): StreamMessage {
    const relation = this.#relations.get(reader.int32());
    if (!relation || !this.#isWanted(relation)) return { kind: "other" };
    let marker = reader.character();
    let previous: Tuple | undefined;
    if (marker === "K" || marker === "O") {
      previous = reader.tuple();
      marker = kind === "D" ? "" : reader.character();
    }
    const next = marker === "N" ? reader.tuple() : undefined;
    const type = kind === "I" ? "INSERT" : kind === "U" ? "UPDATE" : "DELETE";
    return { kind: "change", change: { type, relation, next, previous } };
  }
}

class Reader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  skip(bytes: number): void {
    this.#offset += bytes;
  }

  byte(): number {
    return this.#buffer.readUInt8(this.#offset++);
  }

  character(): string {
    return String.fromCharCode(this.byte());
  }

  int16(): number {
    this.#offset += 2;
    return this.#buffer.readInt16BE(this.#offset - 2);
  }

  int32(): number {
    this.#offset += 4;
    return this.#buffer.readUInt32BE(this.#offset - 4);
  }

  int64(): bigint {
    this.#offset += 8;
    return this.#buffer.readBigUInt64BE(this.#offset - 8);
  }

  timestamp(): Date {
    return new Date(Number(this.int64() / 1000n) + epochOffsetMs);
  }

  text(): string {
    const end = this.#buffer.indexOf(0, this.#offset);
    const text = this.#buffer.toString("utf8", this.#offset, end);
    this.#offset = end + 1;
    return text;
  }

  tuple(): Tuple {
    return Array.from({ length: this.int16() }, () => {
      const kind = this.character();
      if (kind === "n") return null;
      if (kind === "u") return undefined;
      const length = this.int32();
      this.#offset += length;
      return this.#buffer.toString("utf8", this.#offset - length, this.#offset);
    });
  }
}
