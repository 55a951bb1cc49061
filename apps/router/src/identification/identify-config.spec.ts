import { readFile } from 'node:fs/promises';
import { parseIdentifyConfig } from './identify-config.js';

const tokens = { keys: '/etc/jwks.json', issuer: 'i', audience: 'a' };
const parse = (document: unknown): ReturnType<typeof parseIdentifyConfig> => parseIdentifyConfig(JSON.stringify(document));

describe('the document of identification', () => {
  it('says little where the usual is wanted', () => {
    expect(parse({ rules: [] })).toEqual({ rules: [], tokens: null });
    expect(parse({ rules: [{ order: ['token', 'host'] }], tokens })).toEqual({
      rules: [{ host: '*', path: '/', order: ['token', 'host'] }],
      tokens: { ...tokens, claim: 'tenant', algorithms: ['EdDSA', 'ES256', 'RS256'], skewSeconds: 5, cacheSeconds: 300 },
    });
  });

  it.each<[string, unknown, string]>([
    ['a word that we don’t know', { rules: [], token: tokens }, 'token'],
    ['a source that there is not', { rules: [{ order: ['cookie'] }] }, 'rules.0.order.0'],
    ['no source', { rules: [{ order: [] }] }, 'rules.0.order'],
    ['a host in capitals', { rules: [{ host: 'API.example.com', order: ['host'] }] }, 'rules.0.host'],
    ['a path that is encoded', { rules: [{ path: '/%76', order: ['host'] }] }, 'rules.0.path'],
    ['a path with an empty segment', { rules: [{ path: '//v2', order: ['host'] }] }, 'rules.0.path'],
    ['the header before the host', { rules: [{ order: ['header', 'host'] }] }, 'on a tenant’s own host'],
    ['a rule that is never reached', { rules: [{ order: ['host'] }, { host: 'a.example', order: ['host'] }] }, 'rules.1 is never reached'],
    ['tokens without a word of how', { rules: [{ order: ['token'] }] }, 'rules.0.order asks for tokens'],
    ['keys over plain HTTP', { rules: [], tokens: { ...tokens, keys: 'http://id.example.com/keys' } }, 'https://'],
    [
      'keys over plain HTTP from what only looks like here',
      { rules: [], tokens: { ...tokens, keys: 'http://localhost.example.com/' } },
      'https://',
    ],
    ['an algorithm with a shared secret', { rules: [], tokens: { ...tokens, algorithms: ['HS256'] } }, 'tokens.algorithms.0'],
    ['no algorithm', { rules: [], tokens: { ...tokens, algorithms: ['none'] } }, 'tokens.algorithms.0'],
    ['no audience', { rules: [], tokens: { keys: 'x', issuer: 'i' } }, 'tokens.audience'],
    ['a skew of an hour', { rules: [], tokens: { ...tokens, skewSeconds: 3600 } }, 'tokens.skewSeconds'],
  ])('is refused with %s', (_, document, words) => {
    expect(() => parse(document)).toThrow(words);
    expect(() => parse(document)).toThrow('LAPIDARY_IDENTIFY_FILE');
  });

  it('is told everything that is wrong at once', () => {
    const document = { rules: [{ order: ['token'] }, { order: ['path'] }] };
    expect(() => parse(document)).toThrow(/rules\.0\.order[^]*rules\.1\.order[^]*rules\.1 is never reached/);
  });

  it('that the documentation shows can be used', async () => {
    const page = await readFile(new URL('../../../../docs/flows/request.md', import.meta.url), 'utf8');
    const [, example = ''] = /```json\n(\{\n {2}"rules"[^]*?)```/.exec(page) ?? [];
    expect(parseIdentifyConfig(example).rules).toHaveLength(3);
  });

  it('that is no JSON is refused', () => expect(() => parseIdentifyConfig('{')).toThrow('not JSON'));
});
