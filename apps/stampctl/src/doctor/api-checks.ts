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
    const token = await tokenCheck(api);
    return { findings: [...findings, token], usable: token.state !== 'fail' };
  } catch (error) {
    return { findings: [failure(api, 'API', error)], usable: false };
  }
};

/** The version is told to everybody; who we are only to a valid token. */
const tokenCheck = async (api: Api): Promise<Finding> => {
  try {
    const { actor, bindings } = await api.whoAmI();
    const roles = bindings.map((b) => `${b.role} in ${b.region === '*' ? 'every region' : b.region}`);
    return roles.length > 0 ? ok('token', `${actor}: ${roles.join(', ')}`) : warn('token', `${actor} has no role`, 'Ask for a role.');
  } catch (error) {
    return failure(api, 'token', error);
  }
};

const failure = (api: Api, name: string, error: unknown): Finding => {
  api.http.signal.throwIfAborted();
  const { message, details, entry } = toAppError(error);
  return fail(name, message, typeof details.check === 'string' ? details.check : entry.check);
};

const versionSkew = (server: string): Finding => {
  const client = clientVersion();
  if (client === server) return ok('version', `${client} on both sides`);
  const [a, b] = [client, server].map((v) => v.split('.').slice(0, 2).join('.'));
  const detail = `this stampctl is ${client}, the control plane ${server}`;
  return a === b ? ok('version', detail) : warn('version', detail, 'Use the stampctl that belongs to the control plane.');
};
