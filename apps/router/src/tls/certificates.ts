import { X509Certificate, createPrivateKey } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

/** One pair of files, read and found to fit together. */
export interface Certificate {
  /** Name of its files without their endings; also its label in metrics. */
  readonly label: string;
  /** Host names, in lower case; `*.` before a domain stands for one label. */
  readonly names: readonly string[];
  readonly endsAtMs: number;
  readonly context: SecureContext;
}

/** TLS 1.0 and 1.1 are deprecated (RFC 8996). */
const minVersion = 'TLSv1.2';

const namesOf = (certificate: X509Certificate): string[] =>
  (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length).toLowerCase());

/** Throws, in words, where the pair is of no use: unreadable, not a pair, not yet or no longer good, or for no host name. */
export const parseCertificate = (label: string, certificatePem: Buffer, keyPem: Buffer, nowMs: number): Certificate => {
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) throw new Error('the key is not the certificate’s');
  const endsAtMs = Date.parse(certificate.validTo);
  if (!(endsAtMs > nowMs)) throw new Error(`it ended on ${certificate.validTo}`);
  // Clients refuse it until then, and the one before it is still good.
  if (!(Date.parse(certificate.validFrom) <= nowMs)) throw new Error(`it begins on ${certificate.validFrom}`);
  const names = namesOf(certificate);
  if (names.length === 0) throw new Error('it names no host (subjectAltName)');
  return { label, names, endsAtMs, context: createSecureContext({ cert: certificatePem, key: keyPem, minVersion }) };
};

/** Certificates by the host name that a client asks for (SNI). */
export class CertificateSet {
  private readonly byName = new Map<string, Certificate>();
  readonly byLabel: ReadonlyMap<string, Certificate>;

  /** Where two hold a name, the one that lasts longer is taken. */
  constructor(readonly all: readonly Certificate[]) {
    this.byLabel = new Map(all.map((certificate) => [certificate.label, certificate]));
    for (const certificate of all)
      for (const name of certificate.names) {
        const known = this.byName.get(name);
        if (!known || known.endsAtMs < certificate.endsAtMs) this.byName.set(name, certificate);
      }
  }

  /** A name's own certificate, else the one for its domain's names; undefined: none. A wildcard stands for one label (RFC 6125 §6.4.3). */
  find(serverName: string): Certificate | undefined {
    const name = serverName.toLowerCase().replace(/\.$/, '');
    return this.byName.get(name) ?? this.byName.get(`*${name.slice(Math.max(0, name.indexOf('.')))}`);
  }
}
