import { isIP } from 'node:net';
import { headerValues, type RawHeaders } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import type { Networks } from './networks.js';

/** Who the client is, as the stamp is told. */
export interface ClientFacts {
  readonly address: string;
  readonly proto: 'http' | 'https';
}

export interface PeerFacts {
  /** Of the connection's other end: the socket's, or what a PROXY header said. */
  readonly address: string;
  readonly encrypted: boolean;
}

/** A chain of proxies is a handful long; a longer one is somebody's attempt to have us walk it. */
const hopsMax = 20;

const addressOf = (text: string): string | null => {
  const bare = text.trim().replace(/^\[(.*)\](?::\d{1,5})?$/, '$1');
  if (isIP(bare) !== 0) return bare;
  const [withPort] = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(text.trim())?.slice(1) ?? [];
  return withPort !== undefined && isIP(withPort) !== 0 ? withPort : null;
};

/**
 * The connection's other end, unless that is a proxy that we trust: then the last address in X-Forwarded-For that is not one. Read from the
 * end, since a client may have written what stands before it; what can't be read ends the walk. A trusted proxy's X-Forwarded-Proto
 * counts where it says one thing.
 */
export const clientFacts = (peer: PeerFacts, rawHeaders: RawHeaders, isTrusted: Networks): ClientFacts => {
  const proto = peer.encrypted ? 'https' : 'http';
  if (!isTrusted(peer.address)) return { address: peer.address, proto };
  const hops = headerValues(rawHeaders, 'x-forwarded-for').join(',').split(',').slice(-hopsMax);
  let { address } = peer;
  for (const hop of hops.reverse()) {
    const said = addressOf(hop);
    if (said === null) break;
    address = said;
    if (!isTrusted(said)) break;
  }
  const protos = headerValues(rawHeaders, 'x-forwarded-proto');
  const [told] = protos.length === 1 ? protos : [];
  return { address, proto: told === 'http' || told === 'https' ? told : proto };
};
