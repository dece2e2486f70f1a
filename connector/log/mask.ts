/** A phone number or JID with all but its last four digits hidden. */
export function mask(address: string | null | undefined): string | undefined {
  return address?.replaceAll(/\d{5,}/g, (digits) => `…${digits.slice(-4)}`);
}
