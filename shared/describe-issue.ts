import type { z } from "zod";
import type { FieldError } from "./errors.ts";

type Issue = z.core.$ZodIssue;

/**
 * The text of an issue, with the field's name, in place of zod's own: for `z.config({ customError })`
 * or the `error` of one parse. A schema's own message comes before it. Undefined leaves it to zod.
 */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  const field = nameOf(issue.path ?? []);
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? `${field} is required`
        : `${field} must be ${typeNames[issue.expected] ?? `of the type ${issue.expected}`}`;
    case "invalid_value":
      return issue.input === undefined
        ? `${field} is required`
        : `${field} must be ${oneOf(issue.values)}`;
    case "too_small":
      return `${field} must ${limitText(issue.origin, "at least", issue.minimum)}`;
    case "too_big":
      return `${field} must ${limitText(issue.origin, "at most", issue.maximum)}`;
    case "invalid_format":
      return `${field} must be ${formatNames[issue.format] ?? "of another form"}`;
    case "custom":
    case "invalid_element":
    case "invalid_key":
    case "invalid_union":
    case "not_multiple_of":
    case "unrecognized_keys":
      return undefined;
  }
}

const typeNames: Record<string, string> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a JSON object",
  record: "a JSON object",
};

const formatNames: Record<string, string> = {
  url: "a URL that begins with https:// or http://",
  datetime: "a time such as 2026-11-25T12:00:00Z",
  uuid: "a UUID",
  base64: "base64",
};

function oneOf(values: readonly unknown[]): string {
  const shown = values.map((value) => `"${String(value)}"`);
  return shown.length === 1 ? shown.join("") : `one of ${shown.join(", ")}`;
}

function limitText(origin: string, bound: string, limit: number | bigint): string {
  const isText = origin === "string" || origin === "array" || origin === "set";
  if (isText && bound === "at least" && Number(limit) === 1) return "not be empty";
  if (origin === "string") return `have ${bound} ${limit} characters`;
  if (origin === "array" || origin === "set") return `have ${bound} ${limit} items`;
  return `be ${bound} ${limit}`;
}

/** What is wrong, field by field. A field that the request does not have is named. */
export function fieldErrors(issues: readonly Issue[]): FieldError[] {
  return issues.flatMap((issue): FieldError[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => {
        const path = [...issue.path, key];
        return {
          field: path.map(String).join("."),
          detail: `${nameOf(path)} is not a field of this request. Remove it, or correct its name`,
        };
      });
    }
    if (issue.code === "invalid_union") {
      // The form that the request comes closest to.
      const [closest] = issue.errors.toSorted((a, b) => a.length - b.length);
      if (closest !== undefined) {
        return fieldErrors(
          closest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
        );
      }
    }
    return [{ field: issue.path.map(String).join("."), detail: withName(issue) }];
  });
}

/** The messages of our schemas begin with "Must": the field is the subject. */
function withName({ message, path }: Issue): string {
  return message.startsWith("Must ") ? `${nameOf(path)} must ${message.slice(5)}` : message;
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "The body" : `\`${path.map(String).join(".")}\``;
}
