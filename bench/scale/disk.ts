import type { ClientBase } from "pg";
import { printTable } from "../support/table.ts";
import type { Size } from "./fill-database.ts";

/** Prints what each table takes on disk, with its indexes, per message of the history. */
export async function printDisk(client: ClientBase, size: Size): Promise<void> {
  const { rows } = await client.query<{ name: string; heap: string; total: string; rows: string }>(
    `select c.relname as name, pg_table_size(c.oid) as heap, pg_total_relation_size(c.oid) as total,
            greatest(c.reltuples, 0)::bigint as rows
     from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
       and pg_total_relation_size(c.oid) > 1000000
     order by 3 desc`,
  );
  const total = rows.reduce((sum, row) => sum + Number(row.total), 0);
  printTable(
    "On disk, with indexes",
    ["table", "rows", "MB", "of it indexes", "bytes a row", "bytes a message"],
    [
      ...rows.map((row) => [
        row.name,
        Number(row.rows),
        Number(row.total) / 1e6,
        (Number(row.total) - Number(row.heap)) / 1e6,
        Number(row.total) / Number(row.rows),
        Number(row.total) / size.messages,
      ]),
      ["all", "", total / 1e6, "", "", total / size.messages],
    ],
  );
}
