/** SQL text with placeholders and the values for them; values are never part of the text. */
export type Statement = { readonly text: string; readonly values: readonly (string | null)[] };

/** Collects the values of a statement while its text is built. */
export class Parameters {
  readonly values: (string | null)[] = [];

  /** Adds a value and returns its placeholder. */
  add(value: string | null): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualified(schema: string, name: string): string {
  return `${identifier(schema)}.${identifier(name)}`;
}
