import { createOwnKey } from "./create-key.ts";
import { listOwnKeys } from "./list-keys.ts";
import { revokeOwnKey } from "./revoke-key.ts";
import { rotateOwnKey } from "./rotate-key.ts";

export const keyRoutes = [createOwnKey, listOwnKeys, rotateOwnKey, revokeOwnKey];
