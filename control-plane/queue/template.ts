const placeholder = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;

/** The variables that a template uses. */
export function variablesOf(template: string): string[] {
  return [...new Set(Array.from(template.matchAll(placeholder), ([, name = ""]) => name))];
}

/** Puts the variables into the template, once: a value that looks like a placeholder stays as it is. */
export function render(template: string, variables: Readonly<Record<string, string>>): string {
  return template.replaceAll(placeholder, (whole, name: string) =>
    Object.hasOwn(variables, name) ? (variables[name] ?? whole) : whole,
  );
}
