import { getCACertificates, setDefaultCACertificates } from "node:tls";

/** Trusts a certificate, as NODE_EXTRA_CA_CERTS does for a process that is yet to start. */
export function trustCertificate(certificate: string): void {
  setDefaultCACertificates([...getCACertificates(), certificate]);
}
