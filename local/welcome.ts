import type { Addresses } from "./stack.ts";

/** What a person reads once everything runs: where things are, and the next three commands. */
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
  API        ${apiUrl}   (description: ${apiUrl}/openapi.json)
  API key    ${apiKey}   (tenant ${addresses.tenantId})
  Admin key  ${addresses.adminKey}
  Sandbox    ${sandboxUrl ?? "none: live numbers only"}
  Supabase   ${addresses.supabaseUrl}

  A session, a phone, and the two paired:

  curl -s ${apiUrl}/tenant/sessions -H 'X-Api-Key: ${apiKey}' -H 'content-type: application/json' -d '{"session_id":"main","name":"Main"}'
${phone}  ${scan}

  Ctrl-C stops everything; the next start finds it again.
`;
}
