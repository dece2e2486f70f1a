import { restError } from "./rest-error.ts";

/** Splits at the separators outside double quotes, parentheses and braces. */
export function splitTopLevel(text: string, separator: string): string[] {
  const elements: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === "\\") at += 1;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "(" || character === "{") depth += 1;
    else if (character === ")" || character === "}") depth -= 1;
    else if (character === separator && depth === 0) {
      elements.push(text.slice(start, at));
      start = at + 1;
    }
  }
  elements.push(text.slice(start));
  return elements;
}

/** The elements of a list like `a,"b,c"`; a quote counts only at the start of an element. */
export function splitList(text: string): string[] {
  return [...text.matchAll(/(?:^|,)("(?:[^"\\]|\\.)*"(?=,|$)|[^,]*)/gs)].map((match) =>
    unquote(match[1] ?? ""),
  );
}

/** The text between double quotes, or the text itself if it is not quoted. */
export function unquote(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).replace(/\\(.)/gs, "$1")
    : text;
}

export function parseError(what: string, text: string): Error {
  return restError(400, {
    code: "PGRST100",
    message: `"failed to parse ${what} (${text})" (line 1, column 1)`,
    details: `unexpected ${what}`,
  });
}
