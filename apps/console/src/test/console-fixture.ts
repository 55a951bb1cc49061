import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';

const require = createRequire(import.meta.url);
const consoleDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A browser of the machine; nothing is downloaded for tests. */
export const chromiumPath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);

export const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** As strict as the control plane's own: what it would block must fail here. */
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** The console as `npm start` serves it. Built first where the sources are not those that it was built of, so the test shows them as they are. */
export const buildConsole = async (): Promise<{ serve: (path: string, response: ServerResponse) => boolean }> => {
  await promisify(execFile)(process.execPath, [resolve(consoleDir, '../../tools/ensure.mjs')], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const dist = join(consoleDir, 'dist');
  const serve = (path: string, response: ServerResponse): boolean => {
    const file = join(dist, path);
    const found = extname(path) !== '' && existsSync(file) ? file : join(dist, 'index.html');
    response.writeHead(200, { 'content-type': types[extname(found)] ?? 'application/octet-stream', 'content-security-policy': policy });
    response.end(readFileSync(found));
    return true;
  };
  return { serve };
};

const wcag = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
interface Axe {
  run: (root: unknown, options: object) => Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary: string }[] }[] }>;
}

/** What of WCAG AA the page breaks at the moment. */
export const violationsOn = async (page: Page): Promise<string[]> => {
  // Colours are measured at rest, not half-way through a transition.
  await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== 'running'));
  await page.evaluate(axeSource);
  const run = (tags: string[]) => (globalThis as unknown as { axe: Axe }).axe.run(document, { runOnly: tags });
  const { violations } = await page.evaluate(run, wcag);
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${String(n.target)} ${n.failureSummary}`));
};
