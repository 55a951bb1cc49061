import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { wantsTunnel } from '@lapidary/stamp-sdk/forward/upgrade';
import { clientHeadMs, keepAliveMs, requestHeadBytesMax } from './client-bounds.js';

const deadlineCheckMs = 2_000;

/** The server of node:http as the general path wants it; whoever asks adds the listeners. `isBusy`: a request of this connection is under way (T3). */
export const nodeServer = (isBusy: (socket: Duplex) => boolean): Server => {
  const server = createServer({
    insecureHTTPParser: false,
    // requestProblem says it in words.
    requireHostHeader: false,
    maxHeaderSize: requestHeadBytesMax,
    headersTimeout: clientHeadMs,
    // Each has a deadline of its own, by the policy and by what it moves.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: deadlineCheckMs,
    noDelay: true,
    shouldUpgradeCallback: (request) => !isBusy(request.socket) && wantsTunnel(request),
  });
  // Node drops headers beyond this count silently; requestProblem refuses what has too many.
  server.maxHeadersCount = 0;
  // A client that ends its side behind whole requests still gets their answers (RFC 9112 §9.6): without it Node drops those at once, whatever the stamp has done.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  return server;
};
