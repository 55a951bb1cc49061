import { resolve } from 'node:path';
import { AppError } from '@lapidary/kernel/app-error';
import { dnsLabelPattern } from '@lapidary/kernel/names';
import { parseContext, readContextFile, writeContextFile } from '../context/context-file.js';
import type { Command } from '../invocation.js';
import { withoutToken } from './context-ls.js';

/** Fields that are not given keep what they were. */
export const contextSet: Command = async ({ args, options, output }) => {
  const { env, cwd } = output.terminal;
  const name = args[0] ?? '';
  if (!dnsLabelPattern.test(name))
    throw new AppError('usage', `"${name}" is no name for a context`, {
      details: { check: 'Use lower-case letters, digits and hyphens.' },
    });
  const file = readContextFile(env);
  const before = Object.hasOwn(file.contexts, name) ? file.contexts[name] : undefined;
  const tokenFile = typeof options.tokenFile === 'string' ? resolve(cwd, options.tokenFile) : undefined;
  const given = { server: options.server, token: options.token, tokenFile, region: options.region };
  const context = parseContext({ ...before, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) });
  const current = options.use === true || file.current === null ? name : file.current;
  const path = writeContextFile(env, { current, contexts: { ...file.contexts, [name]: context } });
  output.hint(`Written to ${path}${current === name ? ', current context' : `; use it with: stampctl context use ${name}`}`);
  await output.result({
    data: { name, current: current === name, ...withoutToken(context) },
    name,
    table: () => `${name} → ${context.server}`,
  });
};
