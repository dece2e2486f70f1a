/** The options that the `Prefer`, `Accept` and `Range` headers of a request set. */
export type Preferences = {
  readonly returns: "representation" | "minimal" | "headers-only" | undefined;
  readonly count: boolean;
  readonly resolution: "merge" | "ignore" | undefined;
  readonly missingDefault: boolean;
  readonly maxAffected: number | undefined;
  readonly singleObject: boolean;
  readonly stripNulls: boolean;
  readonly limit: string;
  readonly offset: number;
};

// The default of a hosted project, so that code which must page there must page here too.
const maxRows = 1_000;

export function parsePreferences(input: {
  prefer: string;
  accept: string;
  range: string | undefined;
  query: URLSearchParams;
}): Preferences {
  const prefer = new Map(
    input.prefer.split(",").map((preference) => {
      const [name = "", value = ""] = preference.trim().split("=");
      return [name, value];
    }),
  );
  const returns = prefer.get("return");
  const resolution = prefer.get("resolution");
  const maxAffected = prefer.get("max-affected");
  return {
    returns:
      returns === "representation" || returns === "minimal" || returns === "headers-only"
        ? returns
        : undefined,
    count: prefer.has("count"),
    resolution:
      resolution === "merge-duplicates"
        ? "merge"
        : resolution === "ignore-duplicates"
          ? "ignore"
          : undefined,
    missingDefault: prefer.get("missing") === "default",
    maxAffected:
      maxAffected !== undefined && prefer.get("handling") === "strict"
        ? Number(maxAffected)
        : undefined,
    singleObject: input.accept.includes("application/vnd.pgrst.object"),
    stripNulls: input.accept.includes("nulls=stripped"),
    ...window(input.range, input.query),
  };
}

function window(range: string | undefined, query: URLSearchParams) {
  const [, first, last] = /^(?:items=)?(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  const limit = query.get("limit") ?? (first && last ? String(+last - +first + 1) : null);
  const offset = Number(query.get("offset") ?? first ?? 0);
  return {
    limit: String(limit !== null && /^\d+$/.test(limit) ? Math.min(+limit, maxRows) : maxRows),
    offset: Number.isSafeInteger(offset) && offset > 0 ? offset : 0,
  };
}
