import path from 'node:path';
import type { RunFile } from '@lapidary/contracts/run-file';

/** Below the current folder by its short name, elsewhere by its whole one. */
const shownPath = (cwd: string, file: string): string => {
  const short = path.relative(cwd, file);
  return short.startsWith('..') ? file : short;
};

const curl = (router: string): string => `curl -H 'Host: acme.lapidary.localhost' ${router}/api/orders`;

/**
 * What a person needs to know of a running fleet: at most 20 lines of at most 80 columns. With the token there is a link
 * that signs in to the console by itself (the console takes it out of the address at once); that line may be longer.
 */
export const greeting = (run: RunFile, cwd: string, token: string | null = null): string[] => {
  const [first] = Object.entries(run.regions);
  const names = Object.keys(run.regions);
  return [
    '',
    `Lapidary runs: ${names.length} region${names.length === 1 ? '' : 's'}, ${run.processes.length} processes.`,
    '',
    `  console  ${run.console}`,
    ...(token === null ? [] : [`  sign in  ${run.console}/#token=${token}`]),
    ...Object.entries(run.regions).map(([name, { api, router }]) => `  ${name.padEnd(7)}  api ${api}  router ${router}`),
    `  token    in ${shownPath(cwd, run.tokenFile)} (stampctl finds it by itself)`,
    '',
    'Try, in a second terminal:',
    '',
    `  npx stampctl provision ${first?.[0] ?? 'eu'}-2`,
    `  npx stampctl tenants create acme --region ${first?.[0] ?? 'eu'}`,
    '  npx stampctl tenants explain acme',
    ...(first ? [`  ${curl(first[1].router)}`] : []),
    '  npx stampctl route acme.lapidary.localhost',
    '',
    'Ctrl-C stops everything and keeps its state; npm run reset wipes it.',
  ];
};

/** What a second `npm start` says. */
export const alreadyRunning = (run: RunFile | null, supervisorPid: number, cwd: string): string[] => {
  if (run === null || !run.ready) return [`A fleet of this folder is just starting (process ${supervisorPid}).`];
  return [
    `A fleet of this folder runs already (process ${supervisorPid}).`,
    ...greeting(run, cwd).slice(1, -1),
    'It stops with Ctrl-C in its own terminal.',
  ];
};
