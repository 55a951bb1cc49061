import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '@lapidary/kernel/app-error';
import { coveredBy, identifySources, orderProblem, type IdentifyRule } from '../pipeline/identify-order.js';

/** Each request whose host has rules walks them; who needs more has hosts that could share a rule. */
const rulesMax = 100;

const RuleSchema = z.strictObject({
  host: z
    .string()
    .regex(/^(?:\*|(?:\*\.)?[a-z0-9.:[\]-]+)$/, 'must be a host name in lower case, without port, *.<domain>, or *')
    .default('*'),
  path: z
    .string()
    .regex(/^\/(?:[\w.~!$&'()*+,=:@-]+\/?)*$/, 'must be a path, not encoded and without empty segments')
    .default('/'),
  order: z.array(z.enum(identifySources)).min(1),
});

/** Whoever may change what is read over plain HTTP may sign tokens for every tenant. */
const isSafeSource = (source: string): boolean =>
  !/^[a-z]+:\/\//i.test(source) || /^https:\/\//.test(source) || /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])[:/]/.test(source);

const TokensSchema = z.strictObject({
  /** A file, or an https URL: a JSON Web Key Set. */
  keys: z.string().min(1).refine(isSafeSource, 'must be a file, or a URL that begins by https://'),
  issuer: z.string().min(1),
  audience: z.string().min(1),
  /** Name of the claim that holds the tenant's id. */
  claim: z.string().min(1).default('tenant'),
  /** Asymmetric ones only: with a secret that routers know, a router could make tokens. */
  algorithms: z
    .array(z.enum(['EdDSA', 'ES256', 'ES384', 'RS256', 'PS256']))
    .min(1)
    .default(['EdDSA', 'ES256', 'RS256']),
  /** How far the issuer's clock may be from ours, for `exp` and `nbf`; NTP keeps it below a second. */
  skewSeconds: z.number().int().min(0).max(60).default(5),
  /** For how long a token that was checked is believed, never beyond its own end: so long a key that was taken back may count. */
  cacheSeconds: z.number().int().min(1).max(3600).default(300),
});
export type TokenRules = z.infer<typeof TokensSchema>;

const FileSchema = z.strictObject({ rules: z.array(RuleSchema).max(rulesMax), tokens: TokensSchema.optional() });

export interface IdentifyConfig {
  readonly rules: readonly IdentifyRule[];
  readonly tokens: TokenRules | null;
}

const refuse = (why: string): AppError => new AppError('config_invalid', `LAPIDARY_IDENTIFY_FILE: ${why}`);

const problemsOf = (rules: readonly IdentifyRule[], hasTokens: boolean): string[] =>
  rules.flatMap((rule, i) => {
    const wrong = orderProblem(rule);
    const covered = coveredBy(rules, i);
    return [
      ...(wrong === null ? [] : [`rules.${i}.order ${wrong}`]),
      ...(!hasTokens && rule.order.includes('token')
        ? [`rules.${i}.order asks for tokens, and "tokens" does not say how they are checked`]
        : []),
      ...(covered < 0 ? [] : [`rules.${i} is never reached: rules.${covered} stands before it and takes the same requests`]),
    ];
  });

/** Throws `config_invalid` with everything that is wrong. */
export const parseIdentifyConfig = (text: string): IdentifyConfig => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse('it is not JSON');
  }
  const parsed = FileSchema.safeParse(json);
  if (!parsed.success)
    throw refuse(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`).join('; '));
  const { rules, tokens = null } = parsed.data;
  const problems = problemsOf(rules, tokens !== null);
  if (problems.length > 0) throw refuse(problems.join('; '));
  return { rules, tokens };
};

export const readIdentifyConfig = async (file: string): Promise<IdentifyConfig> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refuse(`it can't be read: ${error.code ?? 'error'}`);
  });
  return parseIdentifyConfig(text);
};
