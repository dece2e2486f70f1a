import { writeFile } from "node:fs/promises";
import { generateClient } from "./client/generate.ts";

/** `npm run gen:client`: writes the client's types and methods from the OpenAPI document. */
for (const [name, code] of Object.entries(await generateClient())) {
  await writeFile(new URL(`../client/${name}`, import.meta.url), code);
}
