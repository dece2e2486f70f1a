export type Statement = { readonly text: string; readonly line: number };

const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const blockWord = /\b(begin\s+atomic|case|end)\b/iy;

/** Splits an SQL script at its statements' semicolons; `line` is where a statement starts. */
export function splitStatements(script: string): Statement[] {
  const statements: Statement[] = [];
  let start = 0;
  let position = 0;
  let depth = 0;
  let inAtomicBody = false;
  const finish = (end: number) => {
    const raw = script.slice(start, end);
    const lead = raw.length - raw.trimStart().length;
    const text = raw.trim();
    if (withoutComments(text) !== "") {
      statements.push({ text, line: script.slice(0, start + lead).split("\n").length });
    }
    start = end + 1;
  };
  while (position < script.length) {
    const skipped = skipQuoted(script, position);
    if (skipped > position) {
      position = skipped;
      continue;
    }
    const word = wordAt(script, position);
    if (word) {
      if (word.startsWith("begin")) inAtomicBody = true;
      if (inAtomicBody) depth += word === "end" ? -1 : 1;
      if (depth === 0) inAtomicBody = false;
      position += word.length;
      continue;
    }
    if (script[position] === ";" && depth === 0) finish(position);
    position += 1;
  }
  finish(script.length);
  return statements;
}

/** The position after the string, quoted name or comment that starts here, or the same position. */
function skipQuoted(script: string, at: number): number {
  const two = script.slice(at, at + 2);
  if (two === "--") return endOr(script, script.indexOf("\n", at), 1);
  if (two === "/*") return endOfComment(script, at);
  const character = script[at];
  if (character === "'") {
    const before = script[at - 1];
    const escapes = (before === "E" || before === "e") && !/\w/.test(script[at - 2] ?? " ");
    return endOfQuote(script, at, "'", escapes);
  }
  if (character === '"') return endOfQuote(script, at, '"', false);
  if (character === "$" && !/\w/.test(script[at - 1] ?? " ")) {
    dollarTag.lastIndex = at;
    const tag = dollarTag.exec(script)?.[0];
    if (tag) return endOr(script, script.indexOf(tag, at + tag.length), tag.length);
  }
  return at;
}

function endOfQuote(script: string, at: number, quote: string, escapes: boolean): number {
  let position = at + 1;
  while (position < script.length) {
    if (escapes && script[position] === "\\") position += 2;
    else if (script[position] !== quote) position += 1;
    else if (script[position + 1] === quote) position += 2;
    else return position + 1;
  }
  return script.length;
}

function endOfComment(script: string, at: number): number {
  let depth = 0;
  let position = at;
  while (position < script.length) {
    const two = script.slice(position, position + 2);
    if (two === "/*") depth += 1;
    if (two === "*/") depth -= 1;
    if (two === "/*" || two === "*/") position += 2;
    else position += 1;
    if (depth === 0) return position;
  }
  return script.length;
}

function wordAt(script: string, at: number): string | undefined {
  if (/\w/.test(script[at - 1] ?? " ")) return undefined;
  blockWord.lastIndex = at;
  return blockWord.exec(script)?.[0].toLowerCase();
}

function withoutComments(text: string): string {
  return text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, "").trim();
}

function endOr(script: string, found: number, length: number): number {
  return found === -1 ? script.length : found + length;
}
