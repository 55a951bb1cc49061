import { installMatchesLock } from './install.mjs';

const lock = {
  packages: {
    '': { name: 'x' },
    'libs/a': { version: '0.1.0' },
    'node_modules/@x/a': { resolved: 'libs/a', link: true },
    'node_modules/p': { version: '1.0.0' },
    'node_modules/p/node_modules/q': { version: '2.0.0' },
    'node_modules/only-on-arm': { version: '1.0.0', optional: true },
  },
};
const installed = (packages: Record<string, { version: string }>) => ({ packages });
const complete = { 'node_modules/p': { version: '1.0.0' }, 'node_modules/p/node_modules/q': { version: '2.0.0' } };

describe('whether node_modules is what the lock file asks for', () => {
  test('a complete install is taken as it is; optional packages of other platforms may be absent', () => {
    expect(installMatchesLock(lock, installed(complete))).toBe(true);
  });

  test('a missing or other version, also of a nested package, asks for a new install', () => {
    expect(installMatchesLock(lock, installed({ 'node_modules/p': { version: '1.0.0' } }))).toBe(false);
    expect(installMatchesLock(lock, installed({ ...complete, 'node_modules/p/node_modules/q': { version: '2.0.1' } }))).toBe(false);
  });

  test('a new workspace asks for a new install', () => {
    expect(installMatchesLock(lock, installed(complete), () => false)).toBe(false);
  });
});
