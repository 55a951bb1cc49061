import { toAppError } from '@lapidary/kernel/app-error';
import type { Api } from '../client/api.js';
import { clientVersion } from '../context/client-version.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** Leases and heartbeats tolerate less than this; a person's machine may be off by more without harm, but should know. */
const clockSkewMaxMs = 5_000;
/** A control plane next door answers in milliseconds, one over an ocean in a third of a second. */
const slowMs = 1_500;

/** Whether the control plane can be talked to; nothing else is worth asking when this fails. */
export const apiChecks = async (api: Api): Promise<{ readonly findings: Finding[]; readonly usable: boolean }> => {
  const startedMs = performance.now();
  try {
    const { value, clockSkewMs } = await api.version(1);
    const tookMs = Math.round(performance.now() - startedMs);
    const findings: Finding[] = [
      tookMs > slowMs
        ? warn('API', `${api.http.server} answers, but took ${tookMs} ms`, 'Look at the load of the control plane and the way to it.')
        : ok('API', `${api.http.server} answers in ${tookMs} ms (region ${value.region}, engine ${value.engine})`),
      versionSkew(value.version),
    ];
    if (clockSkewMs !== null && Math.abs(clockSkewMs) > clockSkewMaxMs) {
      findings.push(
        warn(
          'clock',
          `this machine and the control plane differ by ${Math.round(Math.abs(clockSkewMs) / 1000)} s`,
          'Let both keep time by NTP.',
        ),
      );
    }
    return { findings, usable: true };
  } catch (error) {
    api.http.signal.throwIfAborted();
    const { code, message, details, entry } = toAppError(error);
    const check = typeof details.check === 'string' ? details.check : entry.check;
    return { findings: [fail(code === 'unauthenticated' || code === 'forbidden' ? 'token' : 'API', message, check)], usable: false };
  }
};

const versionSkew = (server: string): Finding => {
  const client = clientVersion();
  if (client === server) return ok('version', `${client} on both sides`);
  const [a, b] = [client, server].map((v) => v.split('.').slice(0, 2).join('.'));
  const detail = `this stampctl is ${client}, the control plane ${server}`;
  return a === b ? ok('version', detail) : warn('version', detail, 'Use the stampctl that belongs to the control plane.');
};
