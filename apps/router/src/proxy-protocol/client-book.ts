import type { IncomingMessage } from 'node:http';
import { ClientAddresses } from './client-addresses.js';
import { clientFacts, type ClientFacts } from './client-facts.js';
import { networksOf, type Networks } from './networks.js';

/**
 * Who the client is, for the general path: by PROXY headers and trusted proxies, where there are any; `asks` says whether that is
 * more than the connection's other end, which the fast path knows too.
 */
export class ClientBook {
  readonly addresses = new ClientAddresses();
  private readonly isTrusted: Networks;
  readonly asks: boolean;

  constructor(trustedProxies: readonly string[]) {
    this.isTrusted = networksOf(trustedProxies, 'LAPIDARY_TRUSTED_PROXIES');
    this.asks = trustedProxies.length > 0;
  }

  of({ socket, rawHeaders }: IncomingMessage): ClientFacts {
    const encrypted = 'encrypted' in socket && socket.encrypted === true;
    return clientFacts({ address: this.addresses.of(socket), encrypted }, rawHeaders, this.isTrusted);
  }
}
