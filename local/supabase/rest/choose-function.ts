import { exposedSchema, type SqlFunction } from "./read-schema.ts";
import { restError } from "./rest-error.ts";

/**
 * Chooses the overload that takes these arguments and has defaults for all others.
 * @throws HttpError PGRST202 if there is none, PGRST203 if there are several.
 */
export function chooseFunction(
  name: string,
  overloads: readonly SqlFunction[] | undefined,
  given: ReadonlySet<string>,
): SqlFunction {
  const matching = (overloads ?? []).filter((candidate) => accepts(candidate, given));
  const [chosen, second] = matching;
  if (chosen && !second) return chosen;
  if (chosen) {
    throw restError(300, {
      code: "PGRST203",
      message: `Could not choose the best candidate function between: ${matching.map(signature).join(", ")}`,
      hint: "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    });
  }
  const wanted = [...given].join(", ");
  const nearest = overloads?.[0];
  throw restError(404, {
    code: "PGRST202",
    message: `Could not find the function ${exposedSchema}.${name}${wanted ? `(${wanted})` : " without parameters"} in the schema cache`,
    details: `Searched for the function ${exposedSchema}.${name} with ${wanted ? `parameters ${wanted}` : "no parameters"}, but no matches were found in the schema cache.`,
    hint: nearest ? `Perhaps you meant to call the function ${signature(nearest)}` : null,
  });
}

function accepts(candidate: SqlFunction, given: ReadonlySet<string>): boolean {
  const names = new Set(candidate.arguments.map((argument) => argument.name));
  return (
    [...given].every((name) => names.has(name)) &&
    candidate.arguments.every((argument) => argument.optional || given.has(argument.name))
  );
}

function signature(candidate: SqlFunction): string {
  const list = candidate.arguments.map(({ name, type }) => `${name} => ${type}`);
  return `${exposedSchema}.${candidate.name}(${list.join(", ")})`;
}
