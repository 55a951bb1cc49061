import type { RouterConfig } from '@lapidary/config/router';
import type { RawHeaders } from '@lapidary/stamp-sdk/forward/hop-by-hop';
import type { Logger } from '@lapidary/telemetry/logger';
import { fileFingerprint, HotValue } from '@lapidary/config/hot-value';
import type { RouterMetrics } from '../metrics.js';
import { chooseRule, type IdentifyRule } from '../pipeline/identify-order.js';
import { parseHost, type TokenFacts } from '../pipeline/identify.js';
import { Tokens, type TokensOptions } from '../tokens/tokens.js';
import { readIdentifyConfig, type IdentifyConfig } from './identify-config.js';

export interface IdentificationOptions {
  readonly file: string;
  readonly copyFile: string;
  readonly metrics: RouterMetrics;
  readonly logger: Logger;
  readonly pace?: TokensOptions['pace'];
  /** For tests; else hotEveryMs. */
  readonly everyMs?: number;
}

interface InForce {
  readonly config: IdentifyConfig;
  readonly tokens: Tokens | null;
}

/** Where this router looks for tenants, by host and path, and what checks the tokens among it; both change with their file. */
export class Identification {
  private constructor(private readonly value: HotValue<InForce>) {}

  /** Where a file says so; throws `config_invalid` where it can't be used. */
  static async from(
    { LAPIDARY_IDENTIFY_FILE: file, LAPIDARY_DIRECTORY_FILE: directoryFile }: RouterConfig,
    metrics: RouterMetrics,
    logger: Logger,
  ): Promise<Identification | undefined> {
    if (file === undefined) return undefined;
    return Identification.start({ file, copyFile: `${directoryFile}.token-keys`, metrics, logger });
  }

  /** Throws `config_invalid` where the file can't be used. */
  static async start(options: IdentificationOptions): Promise<Identification> {
    const { file, metrics, logger } = options;
    const count = (outcome: string): void => metrics.lapidary_router_reloads_total.inc({ what: 'identify', outcome });
    let inForce: InForce | null = null;
    const load = async (): Promise<InForce> => follow(inForce, await readIdentifyConfig(file), options);
    const value = await HotValue.start<InForce>({
      fingerprint: () => fileFingerprint(file).catch(() => `${file}: missing`),
      load,
      onReload: (now) => {
        const before = inForce?.tokens;
        inForce = now;
        // Not sooner: until here it was asked, and what it was asked it still answers.
        if (before && before !== now.tokens) void before.stop();
        count('taken');
        logger.info({ file, rules: now.config.rules.length }, 'tenants are identified by these rules');
      },
      onRefused: (error) => {
        count('refused');
        logger.error({ err: error, file }, 'the rules of identification can’t be used; the ones before stay');
      },
      everyMs: options.everyMs,
    });
    inForce = value.current;
    return new Identification(value);
  }

  get rules(): readonly IdentifyRule[] {
    return this.value.current.config.rules;
  }

  /** Whether the usual order is not what counts for a request; `host` as it came. */
  concerns(host: string, target: string): boolean {
    return this.choose(host, target) !== null;
  }

  /** What the request's token says, where its rule asks for one. Never rejects. */
  facts(host: string, target: string, rawHeaders: () => RawHeaders): TokenFacts | Promise<TokenFacts> | undefined {
    const rule = this.choose(host, target);
    return rule !== null && rule !== 'ambiguous' && rule.order.includes('token')
      ? this.value.current.tokens?.facts(rawHeaders())
      : undefined;
  }

  async stop(): Promise<void> {
    this.value.stop();
    await this.value.current.tokens?.stop();
  }

  private choose(host: string, target: string): ReturnType<typeof chooseRule> {
    const { rules } = this;
    if (rules.length === 0) return null;
    const parsed = parseHost(host);
    return parsed.kind === 'rubbish' ? null : chooseRule(rules, parsed.name, target);
  }
}

/** What checks tokens is kept where nothing was said anew about it: it knows keys and tokens. */
const follow = async (before: InForce | null, config: IdentifyConfig, options: IdentificationOptions): Promise<InForce> => {
  const { copyFile, metrics, logger, pace } = options;
  if (before && JSON.stringify(before.config.tokens) === JSON.stringify(config.tokens)) return { config, tokens: before.tokens };
  return { config, tokens: config.tokens && (await Tokens.start({ rules: config.tokens, copyFile, metrics, logger, pace })) };
};

/** What rules per host and path ask of a request. */
export type IdentificationOf = Pick<Identification, 'rules' | 'concerns' | 'facts'>;

/** As a request with this token would be told; `none` where nobody asks for one. */
export const tokenFactsOf = async (
  identification: Identification | undefined,
  host: string,
  path: string,
  token: string,
): Promise<TokenFacts> => (await identification?.facts(host, path, () => ['authorization', `Bearer ${token}`])) ?? { kind: 'none' };
