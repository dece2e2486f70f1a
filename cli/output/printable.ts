/**
 * A text from elsewhere without what a terminal obeys: control characters, which escape sequences
 * start with, and characters that change the direction of what follows.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, (character) =>
    character === "\n" ? "⏎" : "\uFFFD",
  );
}
