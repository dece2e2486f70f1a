/** A file's bytes. */
export type FileInput = Blob | Uint8Array | ArrayBuffer;
