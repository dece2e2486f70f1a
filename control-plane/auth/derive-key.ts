/** A 256-bit key for one purpose, from a secret of this deployment. It ends when that is replaced. */
export async function deriveKey(purpose: string, secret: string): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(`${purpose}\n${secret}`);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
