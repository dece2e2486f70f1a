/** Why the product cannot start, and what to do: shown as it is, without a stack. */
export class CannotStart extends Error {}
