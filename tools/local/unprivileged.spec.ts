import { accountIn, mayPass, obstacleTo, unprivilegedAccount } from './unprivileged.js';

const nobody = { uid: 65534, gid: 65534 };
const owned = (mode: number, uid = 0, gid = 0) => ({ mode, uid, gid });

describe('running a server as another user', () => {
  test('only root needs another account', () => {
    expect(unprivilegedAccount(1000)).toBeNull();
    expect(unprivilegedAccount(0)).toMatchObject({ uid: expect.any(Number) as number });
  });

  test('the account is read from passwd, by its whole name', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\nnobody2:x:7:7::/:/bin/false\nnobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n';
    expect(accountIn(passwd, 'nobody')).toEqual({ uid: 65534, gid: 65533 });
    expect(accountIn(passwd, 'postgres')).toBeNull();
  });

  test('the first class that fits decides: an owner without the bit is kept out though others may pass', () => {
    expect(mayPass(owned(0o755), nobody)).toBe(true);
    expect(mayPass(owned(0o700), nobody)).toBe(false);
    expect(mayPass(owned(0o710, 0, nobody.gid), nobody)).toBe(true);
    expect(mayPass(owned(0o077, nobody.uid), nobody)).toBe(false);
    expect(mayPass(owned(0o705, 0, nobody.gid), nobody)).toBe(false);
  });

  test('the nearest closed folder on the way is found; what does not exist yet is no obstacle', () => {
    const modes: Record<string, number> = { '/': 0o755, '/root': 0o700, '/root/x': 0o755, '/srv': 0o755 };
    const permissionsOf = (folder: string) => {
      const mode = modes[folder];
      if (mode === undefined) throw Object.assign(new Error('absent'), { code: 'ENOENT' });
      return owned(mode);
    };
    expect(obstacleTo('/root/x/data', nobody, permissionsOf)).toBe('/root');
    expect(obstacleTo('/srv/new/data', nobody, permissionsOf)).toBeNull();
  });
});
