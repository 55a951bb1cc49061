import { readFile } from 'node:fs/promises';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { routeClaimAlgorithm } from '@lapidary/contracts/route-claim';
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
const timeoutMs = 3_000;
/** Sixteen keys are some 3 kB. */
const bytesMax = 64 * 1024;

/** The public keys that claims are checked by, from a router's address or a file. The last good ones stay while there are no newer ones. */
export class FetchedRouteKeys implements RouteKeys {
  private keys: JSONWebKeySet | null = null;
  private text = '';
  private askedAtMs = -Infinity;
  private asking: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly source: string,
    private readonly logger: Logger,
  ) {}

  get current(): JSONWebKeySet | null {
    return this.keys;
  }

  start(): void {
    void this.ask();
    this.timer = setInterval(() => void this.ask(), everyMs);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  refresh(): Promise<void> {
    return performance.now() - this.askedAtMs < askAgainMs && !this.asking ? Promise.resolve() : this.ask();
  }

  private ask(): Promise<void> {
    this.asking ??= this.read().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private async read(): Promise<void> {
    this.askedAtMs = performance.now();
    try {
      const text = await readSource(this.source);
      if (text === this.text) return;
      const { keys } = KeySetSchema.parse(JSON.parse(text));
      // The same object while nothing has changed: whoever caches by these keys sees a change by it.
      this.keys = { keys: keys.map(({ kty, crv, kid, x }) => ({ kty, crv, kid, x, alg: routeClaimAlgorithm })) };
      this.text = text;
      this.logger.info({ kids: keys.map(({ kid }) => kid) }, 'the keys of routing claims have changed');
    } catch (error) {
      this.logger.warn({ err: error, source: this.source }, 'no newer keys of routing claims; the last ones stay');
    }
  }
}

const readSource = async (source: string): Promise<string> => {
  if (!/^https?:\/\//.test(source)) return readFile(source, 'utf8');
  const answer = await fetch(source, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > bytesMax) throw new Error('is too large');
  }
  return text;
};
