import type { Pgoutput } from "pg-logical-replication";

/** A table as the stream describes it; a new object whenever its definition changes. */
export type Relation = Pgoutput.MessageRelation;

/** Values by column, as PostgreSQL prints them; undefined is a large value that did not change. */
export type Tuple = Readonly<Record<string, string | null | undefined>>;

export type Change = {
  readonly type: "INSERT" | "UPDATE" | "DELETE";
  readonly relation: Relation;
  readonly next: Tuple | undefined;
  readonly previous: Tuple | undefined;
};

const types = { insert: "INSERT", update: "UPDATE", delete: "DELETE" } as const;

/** Returns the change that a message of the stream describes, if it describes one. */
export function toChange(message: Pgoutput.Message): Change | undefined {
  if (message.tag !== "insert" && message.tag !== "update" && message.tag !== "delete") {
    return undefined;
  }
  return {
    type: types[message.tag],
    relation: message.relation,
    next: message.tag === "delete" ? undefined : message.new,
    previous: message.tag === "insert" ? undefined : (message.key ?? message.old ?? undefined),
  };
}
