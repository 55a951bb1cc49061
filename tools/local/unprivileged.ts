import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Who a server runs as when we are root. PostgreSQL refuses to run as root, with good reason. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** The account that owns nothing; it must exist in /etc/passwd, since initdb looks its name up. */
const unprivilegedUser = 'nobody';

/** The account from a passwd file, or null. */
export const accountIn = (passwd: string, user: string): RunAs | null => {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : null;
};

/** null: run as whoever we are. When root: the unprivileged account. */
export const unprivilegedAccount = (uid: number | undefined = process.getuid?.()): RunAs | null => {
  if (uid !== 0) return null;
  const account = accountIn(readFileSync('/etc/passwd', 'utf8'), unprivilegedUser);
  if (account === null)
    throw new Error(`started as root, and there is no user "${unprivilegedUser}" to run PostgreSQL as: start as another user`);
  return account;
};

interface Permissions {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Whether `who` may pass through a folder: the execute bit of the class it falls in (the first that matches counts). */
export const mayPass = (folder: Permissions, who: RunAs): boolean => {
  const shift = folder.uid === who.uid ? 6 : folder.gid === who.gid ? 3 : 0;
  return ((folder.mode >> shift) & 1) === 1;
};

/** The nearest folder on the way to `target` that keeps `who` out, or null: /root and mkdtemp's folders have mode 0700. */
export const obstacleTo = (target: string, who: RunAs, permissionsOf: (folder: string) => Permissions = statSync): string | null => {
  const parts = path.resolve(target).split(path.sep);
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = parts.slice(0, depth).join(path.sep) || path.sep;
    try {
      if (!mayPass(permissionsOf(folder), who)) return folder;
    } catch (error) {
      // What does not exist yet is made by us, and passable.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
  return null;
};
