import { makeCertificate } from './certificate.fixture.js';
import { CertificateSet, parseCertificate, type Certificate } from './certificates.js';

const now = Date.now();
const read = (label: string, names: readonly string[], endsInMs?: number, beginsInMs?: number): Certificate => {
  const { certificate, key } = makeCertificate(names, endsInMs, beginsInMs);
  return parseCertificate(label, Buffer.from(certificate), Buffer.from(key), now);
};

describe('the certificate for a name', () => {
  const set = new CertificateSet([
    read('base', ['*.lapidary.test', 'lapidary.test']),
    read('acme', ['acme.lapidary.test']),
    read('shop', ['shop.example.com']),
    read('shop-new', ['shop.example.com'], 60 * 86_400_000),
  ]);

  it.each([
    ['acme.lapidary.test', 'acme'],
    ['ACME.lapidary.test.', 'acme'],
    ['beta.lapidary.test', 'base'],
    ['lapidary.test', 'base'],
    ['x.beta.lapidary.test', undefined],
    ['shop.example.com', 'shop-new'],
    ['example.com', undefined],
    ['test', undefined],
    ['', undefined],
    ['*.lapidary.test', 'base'],
  ])('%s is %s', (name, label) => expect(set.find(name)?.label).toBe(label));
});

describe('a pair of files', () => {
  const good = makeCertificate(['a.test']);
  const parse =
    (certificate: string, key: string): (() => unknown) =>
    () =>
      parseCertificate('x', Buffer.from(certificate), Buffer.from(key), now);

  it.each([
    ['that don’t belong together', parse(good.certificate, makeCertificate(['a.test']).key), 'the key is not the certificate’s'],
    ['of a certificate that has ended', () => read('x', ['a.test'], -1_000), 'it ended on'],
    ['of a certificate that has not begun', () => read('x', ['a.test'], 86_400_000, 60_000), 'it begins on'],
    ['of a certificate for no host', () => read('x', []), 'it names no host'],
  ])('%s is refused', (_, make, words) => expect(make).toThrow(words));

  it('of rubbish is refused', () => {
    expect(parse('rubbish', good.key)).toThrow();
    expect(parse(good.certificate, 'rubbish')).toThrow();
    expect(parse(good.certificate.slice(0, 200), good.key)).toThrow();
  });
});
