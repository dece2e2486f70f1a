import type { Addresses } from "./addresses.ts";

/** The text printed once everything runs: where things are, and the next three commands to try. */
export function welcome(addresses: Addresses): string {
  const { apiUrl, apiKey, sandboxUrl } = addresses;
  const scan =
    sandboxUrl === null
      ? `curl -s '${apiUrl}/session/main/qr?format=png' -H 'X-Api-Key: ${apiKey}' -o qr.png   # scan it with the phone`
      : `curl -s ${sandboxUrl}/phones/393331234567/scan -H 'content-type: application/json' \\
    -d "{\\"qr\\":\\"$(curl -s '${apiUrl}/session/main/qr?format=raw' -H 'X-Api-Key: ${apiKey}')\\"}"`;
  const phone =
    sandboxUrl === null
      ? ""
      : `  curl -s ${sandboxUrl}/phones -H 'content-type: application/json' -d '{"phone":"393331234567","name":"Ada"}'\n`;
  return `
  API        ${apiUrl}   (reference: ${apiUrl}/docs)
  API key    ${apiKey}   (tenant ${addresses.tenantId})
  Admin key  ${addresses.adminKey}
  Console    ${apiUrl}/console/#key=${apiKey}
  Sandbox    ${sandboxUrl ?? "off: live numbers only"}
  Supabase   ${addresses.supabaseUrl}
    service  ${addresses.supabaseServiceKey}
    anon     ${addresses.supabaseAnonKey ?? "not given: --supabase-anon-key"}
  Database   ${addresses.databaseUrl ?? "the one of the Supabase project"}

  Create a session and a simulated phone, then pair them:

  curl -s ${apiUrl}/tenant/sessions -H 'X-Api-Key: ${apiKey}' -H 'content-type: application/json' -d '{"session_id":"main","name":"Main"}'
${phone}  ${scan}

  Ctrl-C stops everything; the next start resumes from the same data. In another terminal,
  npm start -- --info prints this again.
`;
}
