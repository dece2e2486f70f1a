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

/** Returns the change that a message of the stream describes, if it describes one. */
export function toChange(message: Pgoutput.Message): Change | undefined {
  switch (message.tag) {
    case "insert":
      return {
        type: "INSERT",
        relation: message.relation,
        next: message.new,
        previous: undefined,
      };
    case "update":
      return {
        type: "UPDATE",
        relation: message.relation,
        next: message.new,
        previous: message.key ?? message.old ?? undefined,
      };
    case "delete":
      return {
        type: "DELETE",
        relation: message.relation,
        next: undefined,
        previous: message.key ?? message.old ?? undefined,
      };
    default:
      return undefined;
  }
}
