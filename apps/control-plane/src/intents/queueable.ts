import { belongsTo, type IncomingRequest } from '../replication/request-region.js';

const reads = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Plans are questions; an intent is decided on where it was taken, and a roll-out’s coordinator asks for itself, again and again. */
const neverQueued = new Set(['plans', 'intents']);

/** Whether a request is one that can wait: a command to one region, whose answer nobody needs in order to ask. */
export const isQueueable = (request: IncomingRequest): boolean => {
  if (reads.has(request.method) || belongsTo(request) === null) return false;
  const { pathname, searchParams } = new URL(request.url, 'http://any');
  const [noun = '', , verb] = pathname.split('/').slice(2);
  return !neverQueued.has(noun) && verb !== 'plan' && searchParams.get('dryRun') !== 'true';
};

/** What a command is about: what is asked of one subject keeps its order (IN5). */
export const subjectOf = ({ url, body }: IncomingRequest): string => {
  const [noun = '', id] = new URL(url, 'http://any').pathname.split('/').slice(2);
  const kind = noun.endsWith('s') && noun !== 'limits' ? noun.slice(0, -1) : noun;
  const named = typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string' ? body.id : null;
  const about = noun === 'tenants' && id === undefined ? named : (id ?? null);
  return (about === null ? kind : `${kind}/${decodeURIComponent(about)}`).slice(0, subjectLengthMax);
};

/** As in the request schemas; a longer one is refused by the owner anyway. */
const subjectLengthMax = 200;

/** The address without what only concerns who waited for the answer. */
export const withoutWait = (url: string): string => {
  const { pathname, searchParams } = new URL(url, 'http://any');
  searchParams.delete('wait');
  const query = searchParams.toString();
  return query === '' ? pathname : `${pathname}?${query}`;
};
