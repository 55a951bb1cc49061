import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { routeClaimAlgorithm } from '@lapidary/contracts/route-claim';
import { PolledText } from '@lapidary/stamp-sdk/polled-text';
import type { RouteKeys } from '@lapidary/stamp-sdk/route-claim/claim-verifier';
import type { Logger } from '@lapidary/telemetry/logger';

const KeySetSchema = z.object({
  keys: z
    .array(z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), kid: z.string().min(1), x: z.string() }))
    .min(1)
    .max(16),
});

/** New keys are published for minutes before they sign, so that every agent has them by then. */
const everyMs = 30_000;
/** Claims under keys that nobody has would otherwise make us ask without end. */
const askAgainMs = 5_000;
/** Sixteen keys are some 3 kB. */
const bytesMax = 64 * 1024;

/** The public keys that claims are checked by, from a router's address or a file. The last good ones stay while there are no newer ones. */
export class FetchedRouteKeys implements RouteKeys {
  private keys: JSONWebKeySet | null = null;
  private readonly text: PolledText;

  constructor(source: string, logger: Logger) {
    this.text = new PolledText({
      source,
      bytesMax,
      everyMs,
      askAgainMs,
      onText: (text) => {
        const { keys } = KeySetSchema.parse(JSON.parse(text));
        // The same object while nothing has changed: whoever caches by these keys sees a change by it.
        this.keys = { keys: keys.map(({ kty, crv, kid, x }) => ({ kty, crv, kid, x, alg: routeClaimAlgorithm })) };
        logger.info({ kids: keys.map(({ kid }) => kid) }, 'the keys of routing claims have changed');
      },
      onFailed: (error) => logger.warn({ err: error, source }, 'no newer keys of routing claims; the last ones stay'),
    });
  }

  get current(): JSONWebKeySet | null {
    return this.keys;
  }

  start(): void {
    void this.text.start();
  }

  stop(): void {
    this.text.stop();
  }

  refresh(): Promise<void> {
    return this.text.refresh();
  }
}
