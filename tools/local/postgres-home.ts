import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { obstacleTo, type RunAs } from './unprivileged.js';

/** Which file in the wanted folder names the one that is used instead; `npm run reset` follows it. */
export const elsewhereFile = 'elsewhere';

/** Names the folder by where it belongs, so that the same checkout finds it again. */
const standIn = (base: string, wanted: string): string =>
  path.join(base, `lapidary-${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`);

/**
 * A folder that `runAs` can reach: the wanted one, or a stand-in where folders above it are closed to others. Both exist
 * afterwards. /var/tmp comes first, since it
 * outlives a reboot. In a shared folder somebody else could have made the stand-in first: then it is refused.
 */
export const postgresHome = async (
  wanted: string,
  runAs: RunAs | null,
  note: (text: string) => void = () => undefined,
  bases: readonly string[] = ['/var/tmp', tmpdir(), '/tmp'],
): Promise<string> => {
  await mkdir(wanted, { recursive: true });
  // Whatever the umask says: the server's account must pass. What is secret inside has modes of its own.
  if (runAs !== null) await chmod(wanted, 0o755);
  const obstacle = runAs === null ? null : obstacleTo(wanted, runAs);
  if (runAs === null || obstacle === null) return wanted;
  const base = bases.find((candidate) => obstacleTo(candidate, runAs) === null);
  if (base === undefined)
    throw new Error(
      `PostgreSQL can't run as root, and no other user can reach ${wanted} (${obstacle} is closed). Start as another user, or set TMPDIR to a folder that everybody can reach.`,
    );
  const home = standIn(base, wanted);
  await mkdir(home, { recursive: true });
  const facts = await lstat(home);
  if (!facts.isDirectory() || facts.uid !== process.getuid?.()) throw new Error(`${home} belongs to somebody else: remove it`);
  await chmod(home, 0o755);
  await writeFile(path.join(wanted, elsewhereFile), `${home}\n`);
  note(`PostgreSQL does not run as root, and ${obstacle} is closed to other users: its files are in ${home}`);
  return home;
};
