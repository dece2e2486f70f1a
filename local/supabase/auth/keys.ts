import { SignJWT } from "jose";

export type ProjectKeys = { readonly anonKey: string; readonly serviceKey: string };

// Fixed times, so that the keys depend on the secret alone.
const issuedAt = Date.UTC(2026, 0, 1) / 1000;
const expiresAt = Date.UTC(2100, 0, 1) / 1000;

/** Creates the API keys of a project; the same secret always gives the same keys. */
export async function createProjectKeys(jwtSecret: string): Promise<ProjectKeys> {
  const secret = new TextEncoder().encode(jwtSecret);
  const sign = (role: string) =>
    new SignJWT({ role, iss: "supabase", ref: "local", iat: issuedAt, exp: expiresAt })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .sign(secret);
  return { anonKey: await sign("anon"), serviceKey: await sign("service_role") };
}
