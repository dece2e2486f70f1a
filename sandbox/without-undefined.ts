/** Drops undefined fields, so that they do not override those of another object or of a default. */
export function withoutUndefined<Fields extends object>(fields: Fields): Given<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- guaranteed by the filter above
  return Object.fromEntries(entries) as Given<Fields>;
}

type Given<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };
