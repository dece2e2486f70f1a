/** The exit codes of `wm`, as cli/README.md lists them. */
export const exitCodes = {
  done: 0,
  /** A check of `wm doctor` failed, or an error that is none of the others. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** No key, or the API refuses it. */
  unauthorized: 3,
  notFound: 4,
  /** The API refuses the request; the same would be refused again. */
  refused: 5,
  /** The API cannot be reached or cannot serve the request now; it may be repeated. */
  unavailable: 6,
  /** Ctrl-C. */
  interrupted: 130,
} as const;
