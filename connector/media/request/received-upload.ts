/** Where the bytes of a file come from. */
export type FileSource = { fileName: string | undefined } & (
  | { kind: "bytes"; bytes: AsyncIterable<Uint8Array> }
  | { kind: "url"; url: string }
);

/** The fields of a request besides the file, not validated. */
export type ReceivedFields = Record<string, string | number | boolean | undefined>;
