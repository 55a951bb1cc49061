import type { IncomingMessage } from 'node:http';
import { tenantHeader } from '@lapidary/contracts/workload';
import { canonicalName, connectionTokens, headerValues } from '../forward/hop-by-hop.js';
import { linkVersion, linkVersionMin } from './hello.js';

/**
 * A link begins as an HTTP/1.1 request on the front door's own port (RFC 9110 §7.8): one address to advertise, to guard
 * and to ask for its health, and a front door that doesn't know links answers it like any request.
 */
export const linkPath = '/_lapidary/link';
const linkProtocol = 'lapidary-link';

/** The newest version that a router knows. Agents of before don't look at it, and greet in the first. */
const versionHeader = 'x-lapidary-link-version';

export const linkUpgradeRequest = (host: string): string =>
  `GET ${linkPath} HTTP/1.1\r\nHost: ${host}\r\nConnection: upgrade\r\nUpgrade: ${linkProtocol}\r\n${versionHeader}: ${linkVersion}\r\n\r\n`;

/** The newest version that the router of this request knows; those of before don't say. */
export const askedVersion = ({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): number => {
  const [said = ''] = headerValues(rawHeaders, versionHeader);
  return /^[1-9]\d{0,2}$/.test(said) ? Number(said) : linkVersionMin;
};

export const linkUpgradeAnswer = `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${linkProtocol}\r\n\r\n`;

const answerPattern = new RegExp(`^HTTP/1\\.1 101 [^\\r\\n]*\\r\\n(?:[^\\r\\n]*\\r\\n)*upgrade: ${linkProtocol}\\r\\n`, 'i');

/** Whether the head of an answer agrees to speak the link. */
export const agreesToLink = (head: string): boolean => answerPattern.test(head);

/** A router strips every Upgrade but WebSocket and adds a tenant: no client of a tenant's gets here through one. */
export const wantsLink = (request: IncomingMessage): boolean => {
  const protocols = headerValues(request.rawHeaders, 'upgrade');
  return (
    request.method === 'GET' &&
    request.url === linkPath &&
    request.httpVersion === '1.1' &&
    protocols.length === 1 &&
    protocols[0]!.toLowerCase() === linkProtocol &&
    connectionTokens(request.rawHeaders).has('upgrade') &&
    !request.rawHeaders.some((name, i) => i % 2 === 0 && canonicalName(name) === tenantHeader)
  );
};

/** Loopback, RFC 1918, link-local and unique local addresses, also as IPv6 writes IPv4. */
const privateAddress =
  /^(?:::ffff:)?(?:127\.|10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.)|^::1$|^f[cd][0-9a-f]{2}:|^fe[89ab][0-9a-f]:/i;

export const isPrivateAddress = (address: string | undefined): boolean => address !== undefined && privateAddress.test(address);
