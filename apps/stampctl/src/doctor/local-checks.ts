import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { contextFilePath, isExposed } from '../context/context-file.js';
import type { Target } from '../context/resolve-target.js';
import { fail, ok, warn, type Finding } from './finding.js';

const gigabyte = 1024 ** 3;
/** Postgres stops writing on a full disk; two stamps' databases and a day of logs take about this. */
const freeBytesLow = 2 * gigabyte;
const freeBytesTooLow = gigabyte / 4;

/** What can be said without asking anybody. */
export const localChecks = async (target: Target, env: Readonly<Record<string, string | undefined>>): Promise<Finding[]> => {
  const findings = [ok('context', `${target.server} from ${target.described}`)];
  const path = contextFilePath(env);
  if (isExposed(path)) findings.push(warn('context file', `${path} can be read by others`, `chmod 600 ${path}`));
  if (target.token === null)
    findings.push(
      fail('token', 'there is none', 'Give one with STAMPCTL_TOKEN, --token, or "stampctl context set <name> --token-file <path>".'),
    );
  if (!target.runFile) return findings;
  return [
    ...findings,
    ...processes(target.runFile.run.processes, target.runFile.run.supervisorPid),
    await disk(dirname(target.runFile.path)),
  ];
};

const processes = (list: readonly { readonly name: string; readonly pid: number }[], supervisorPid: number): Finding[] => {
  if (!isAlive(supervisorPid))
    return [fail('supervisor', `process ${supervisorPid} of "npm start" is gone`, 'Run "npm start" again; state is kept.')];
  const dead = list.filter((p) => !isAlive(p.pid)).map((p) => p.name);
  if (dead.length > 0)
    return [
      warn('processes', `not running: ${dead.join(', ')}`, 'The supervisor restarts them; if it lasts, see the logs under .lapidary/.'),
    ];
  return [ok('processes', `${list.length} running under "npm start"`)];
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const disk = async (folder: string): Promise<Finding> => {
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const detail = `${(free / gigabyte).toFixed(1)} GB free for ${folder}`;
    if (free < freeBytesTooLow) return fail('disk', detail, 'Free some space at once: databases stop on a full disk.');
    return free < freeBytesLow ? warn('disk', detail, 'Free some space; "npm run reset" wipes the local fleet.') : ok('disk', detail);
  } catch {
    return warn('disk', `${folder} cannot be examined`, 'Check that it exists and is yours.');
  }
};
