import fc from 'fast-check';
import { identify, parseHost, type IdentifyRules, type RequestAddress } from './identify.js';

const rules: IdentifyRules = {
  baseDomain: 'lapidary.localhost',
  tenantOfHost: (host) => ({ 'shop.acme.com': 'acme', 'www.lapidary.localhost.acme.com': 'acme' })[host],
};
const from = (over: Partial<RequestAddress>): ReturnType<typeof identify> =>
  identify({ host: undefined, tenantHeaders: [], path: '/', ...over }, rules);

describe('whose request it is', () => {
  it.each([
    ['acme.lapidary.localhost', 'acme', 'host'],
    ['ACME.Lapidary.LOCALHOST', 'acme', 'host'],
    ['acme.lapidary.localhost.', 'acme', 'host'],
    ['acme.lapidary.localhost:8000', 'acme', 'host'],
    ['acme.lapidary.localhost.:8000', 'acme', 'host'],
    ['a-1.lapidary.localhost', 'a-1', 'host'],
    ['shop.acme.com', 'acme', 'custom host'],
    ['SHOP.acme.com.:443', 'acme', 'custom host'],
  ])('%s is %s, by %s', (host, tenant, by) => expect(from({ host })).toMatchObject({ ok: true, tenant, by, path: '/', prefix: '' }));

  it.each([
    ['another domain behind ours', 'acme.lapidary.localhost.evil.com'],
    ['ours without a dot before', 'acmelapidary.localhost'],
    ['two labels before the base domain', 'a.acme.lapidary.localhost'],
    ['the base domain alone', 'lapidary.localhost'],
    ['a foreign name', 'example.com'],
    ['an address', '127.0.0.1:8000'],
    ['an IPv6 address', '[::1]:8000'],
    ['a custom host below another name', 'x.shop.acme.com'],
    ['an empty host', ''],
  ])('%s is nobody’s: 404', (_, host) => expect(from({ host })).toMatchObject({ ok: false, code: 'unknown_tenant' }));

  it.each([
    ['300 characters', `${'a.'.repeat(150)}com`],
    ['a label of 64 characters', `${'a'.repeat(64)}.lapidary.localhost`],
    ['an underscore', 'a_b.lapidary.localhost'],
    ['a leading hyphen', '-acme.lapidary.localhost'],
    ['two dots', 'acme..lapidary.localhost'],
    ['two final dots', 'acme.lapidary.localhost..'],
    ['a leading dot', '.lapidary.localhost'],
    ['a space', 'acme .lapidary.localhost'],
    ['user info', 'user@acme.lapidary.localhost'],
    ['a path', 'acme.lapidary.localhost/x'],
    ['a scheme', 'http://acme.lapidary.localhost'],
    ['two ports', 'acme.lapidary.localhost:1:2'],
    ['a port that is none', 'acme.lapidary.localhost:http'],
    ['a list', 'acme.lapidary.localhost, beta.lapidary.localhost'],
    ['a broken IPv6 literal', '[::1'],
    ['an IPv6 literal of rubbish', '[::g]'],
    ['a bare IPv6 address', '::1'],
    ['non-ASCII', 'acm\u00e9.lapidary.localhost'],
    ['a NUL', 'acme\u0000.lapidary.localhost'],
    ['percent-encoding', 'acme%2elapidary.localhost'],
  ])('%s is rubbish: 400', (_, host) => expect(from({ host })).toMatchObject({ ok: false, code: 'invalid_input' }));

  it('the header x-tenant decides where the host is nobody’s', () => {
    expect(from({ host: '127.0.0.1', tenantHeaders: ['acme'] })).toMatchObject({ tenant: 'acme', by: 'header' });
    expect(from({ tenantHeaders: ['acme'] })).toMatchObject({ tenant: 'acme', by: 'header' });
  });

  it.each([[['acme', 'beta']], [['Acme']], [['acme, beta']], [['']], [['a_b']]])(
    'the header %j is refused: one tenant id or nothing',
    (tenantHeaders) => expect(from({ host: 'example.com', tenantHeaders })).toMatchObject({ ok: false, code: 'invalid_input' }),
  );

  it('a tenant’s host can’t be overruled by header or path', () => {
    const address = { host: 'acme.lapidary.localhost', tenantHeaders: ['beta'], path: '/t/gamma/x' };
    expect(from(address)).toMatchObject({ tenant: 'acme', path: '/t/gamma/x' });
  });

  it('a name below the base domain that is no tenant’s does not fall back to header or path', () => {
    expect(from({ host: 'a.b.lapidary.localhost', tenantHeaders: ['beta'], path: '/t/beta/' })).toMatchObject({
      ok: false,
      code: 'unknown_tenant',
    });
  });

  it.each([
    ['/t/acme/orders?a=b', '/orders?a=b'],
    ['/t/acme/', '/'],
    ['/t/acme', '/'],
    ['/t/acme?x=1', '/?x=1'],
    ['/t/acme//x', '//x'],
  ])('the path %s is acme’s, and passes as %s', (path, passed) => {
    expect(from({ host: 'router.internal', path })).toMatchObject({ tenant: 'acme', by: 'path', path: passed, prefix: '/t/acme' });
  });

  it.each(['/t/', '/t//x', '/t/Acme/x', '/t/a%63me/x', '/T/acme/x', '/tt/acme/x', '/x/t/acme', '//t/acme'])(
    'the path %s is nobody’s',
    (path) => expect(from({ path })).toMatchObject({ ok: false, code: 'unknown_tenant' }),
  );

  it.each(['/_lapidary/healthz', '/t/acme/_lapidary/healthz'])('the stamp agent’s own paths are not reachable: %s', (path) => {
    const host = path.startsWith('/t/') ? 'router' : 'acme.lapidary.localhost';
    expect(from({ host, path })).toMatchObject({ ok: false, code: 'not_found' });
  });

  it('whatever the host, an identified tenant is either its first label before the base domain, or claims the host', () => {
    const label = fc.constantFrom('acme', 'ACME', 'lapidary', 'localhost', 'evil', 'com', '', '_', 'shop', '-x', '[::1]');
    const host = fc
      .tuple(fc.array(label, { maxLength: 5 }), fc.constantFrom('', ':80', '.', '.:80', ':', ':x'))
      .map(([labels, tail]) => labels.join('.') + tail);
    fc.assert(
      fc.property(host, (text) => {
        const found = from({ host: text });
        if (!found.ok) return;
        const parsed = parseHost(text);
        const name = parsed.kind === 'name' ? parsed.name : '';
        expect([`${found.tenant}.lapidary.localhost`, 'shop.acme.com', 'www.lapidary.localhost.acme.com']).toContain(name);
      }),
    );
  });
});
