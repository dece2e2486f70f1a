/** What can go wrong, in the order of the table's columns. */
export const violationKinds = [
  "lost",
  "doubled",
  "misordered",
  "wrong sender",
  "stuck",
  "other tenant",
  "other",
] as const;
export type ViolationKind = (typeof violationKinds)[number];

/** One broken promise. */
export interface Violation {
  kind: ViolationKind;
  detail: string;
}
