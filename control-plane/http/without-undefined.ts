/** Drops undefined fields, so that their columns keep their value or get their default. */
export function withoutUndefined<Fields extends Record<string, unknown>>(
  fields: Fields,
): Given<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- guaranteed by the filter above
  return Object.fromEntries(entries) as Given<Fields>;
}

type Given<Fields> = { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };
