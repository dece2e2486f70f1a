/** Parses an array as PostgreSQL prints it (`{a,"b,c",NULL,{d}}`) and converts each element. */
export function parseArrayText(
  text: string,
  convert: (element: string | null) => unknown,
): unknown[] {
  const token = /\{|\}|,|"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs;
  const outer: unknown[] = [];
  const stack = [outer];
  // Skips the bounds of an array that does not start at 1: `[0:1]={...}`.
  token.lastIndex = text.indexOf("{");
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [symbol, quoted, bare] = match;
    const current = stack.at(-1) ?? outer;
    if (symbol === "{") {
      const inner: unknown[] = [];
      current.push(inner);
      stack.push(inner);
    } else if (symbol === "}") stack.pop();
    else if (quoted !== undefined) current.push(convert(quoted.replaceAll(/\\(.)/gs, "$1")));
    else if (bare !== undefined) current.push(convert(bare === "NULL" ? null : bare));
  }
  const [result] = outer;
  return Array.isArray(result) ? result : [];
}
