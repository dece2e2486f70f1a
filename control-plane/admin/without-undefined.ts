/** The fields that were given: a column that is not named keeps its value or gets its default. */
export function withoutUndefined<Fields extends Record<string, unknown>>(
  fields: Fields,
): Given<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // The filter above makes it what the type says; fromEntries cannot tell.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- for that reason
  return Object.fromEntries(entries) as Given<Fields>;
}

type Given<Fields> = { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };
