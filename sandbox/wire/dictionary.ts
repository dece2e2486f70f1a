import * as current from "@whiskeysockets/baileys/lib/WABinary/constants.js";
import version2 from "./token-dictionary-2.json" with { type: "json" };

/** The tokens that stand for frequent strings in a binary stanza, as Baileys' coder takes them. */
export type Dictionary = typeof current;

/** The dictionary of today's clients. */
export const dictionary3: Dictionary = current;

/** The dictionary of older clients, such as Baileys 6.17.16. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Baileys' type lists each token
const dictionary2 = {
  TAGS: current.TAGS,
  SINGLE_BYTE_TOKENS: version2.singleByte,
  DOUBLE_BYTE_TOKENS: version2.doubleByte,
  TOKEN_MAP: indexTokens(),
} as unknown as Dictionary;

/** The dictionary that a client's header names in its last byte; undefined for an unknown one. */
export function dictionaryOf(version: number): Dictionary | undefined {
  if (version === 3) return dictionary3;
  return version === 2 ? dictionary2 : undefined;
}

function indexTokens(): Dictionary["TOKEN_MAP"] {
  const map: Dictionary["TOKEN_MAP"] = {};
  for (const [index, token] of version2.singleByte.entries()) map[token] = { index };
  for (const [dict, tokens] of version2.doubleByte.entries()) {
    for (const [index, token] of tokens.entries()) map[token] = { dict, index };
  }
  return map;
}
