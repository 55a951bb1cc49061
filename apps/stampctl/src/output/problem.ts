import type { AppError } from '@lapidary/kernel/app-error';
import { isErrorCode } from '@lapidary/kernel/error-catalogue';
import type { Problem } from '@lapidary/contracts/api/common';
import type { Colours } from './terminal.js';

/** Facts that travel in AppError.details but have their own place in a problem. */
const ownPlace = new Set(['check', 'requestId', 'serverCode', 'server']);

const textDetail = (error: AppError, name: string): string | undefined => {
  const value = error.details[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** An error as the API would have sent it: one shape for scripts, wherever it arose. */
export const toProblem = (error: AppError): Problem => {
  const code = textDetail(error, 'serverCode') ?? error.code;
  const details = Object.fromEntries(Object.entries(error.details).filter(([name]) => !ownPlace.has(name)));
  const requestId = textDetail(error, 'requestId');
  return {
    type: `/docs/runbooks/${code}`,
    title: error.entry.title,
    status: error.entry.status,
    detail: error.message,
    code,
    check: textDetail(error, 'check') ?? error.entry.check,
    retry: error.entry.retry,
    ...(requestId === undefined ? {} : { requestId }),
    ...(error.fields.length === 0 ? {} : { fields: error.fields.map((f) => ({ ...f })) }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
};

/** What happened, the fields, the code, and what to check; with `verbose` also who to ask about it. */
export const renderProblem = (error: AppError, colours: Colours, verbose: boolean): string => {
  const problem = toProblem(error);
  // Accepted is no error, but the reader must not take it for done.
  const label = error.entry.status < 400 ? colours.yellow(colours.bold('queued:')) : colours.red(colours.bold('error:'));
  const lines = [`${label} ${indented(problem.detail)}`];
  for (const field of problem.fields ?? [])
    lines.push(`       ${field.path === '' ? '(whole input)' : field.path}: ${indented(field.message)}`);
  lines.push(`${colours.dim('code:')}  ${problem.code}`, `${colours.dim('check:')} ${problem.check}`);
  if (verbose) {
    const facts: [string, string | undefined][] = [
      ['request', problem.requestId],
      ['server', textDetail(error, 'server')],
      ['cause', causeOf(error)],
    ];
    for (const [name, value] of facts) if (value !== undefined) lines.push(`${colours.dim(`${name}:`)} ${value}`);
    if (problem.details) lines.push(`${colours.dim('details:')} ${JSON.stringify(problem.details)}`);
    if (error.code === 'internal' && isErrorCode(problem.code) && error.cause instanceof Error) lines.push(error.cause.stack ?? '');
  }
  return lines.join('\n');
};

/** What follows a line feed stands below its own line, where it passes for no code and no advice of ours. */
const indented = (text: string): string => text.replaceAll(/\r?\n/g, '\n       ');

const causeOf = (error: AppError): string | undefined => error.internal ?? (error.cause instanceof Error ? error.cause.message : undefined);
