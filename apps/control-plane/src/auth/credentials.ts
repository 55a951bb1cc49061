import type { IncomingHttpHeaders } from 'node:http';

export const sessionCookie = 'lapidary_session';

/** What a request offers as proof, unchecked. */
export type Credentials = { readonly via: 'bearer' | 'cookie'; readonly secret: string } | null;

/** Longer than any secret of ours, short enough that hashing rubbish costs nothing. */
const secretLengthMax = 512;
const bearerPattern = /^Bearer +([\x21-\x7e]+)$/i;

/** The Authorization header wins over the cookie: who sets it means it. */
export const credentialsOf = (headers: IncomingHttpHeaders): Credentials => {
  const secret = headers.authorization === undefined ? undefined : (bearerPattern.exec(headers.authorization)?.[1] ?? '');
  if (secret !== undefined) return { via: 'bearer', secret: secret.slice(0, secretLengthMax) };
  const session = cookieValue(headers.cookie, sessionCookie);
  return session === undefined ? null : { via: 'cookie', secret: session.slice(0, secretLengthMax) };
};

const cookieValue = (header: string | undefined, name: string): string | undefined => {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
};

/** The session ends by itself on the server; SameSite=Strict and HttpOnly keep it from other sites and from scripts. */
export const sessionCookieHeader = (secret: string, maxAgeSeconds: number, secure: boolean): string =>
  `${sessionCookie}=${secret}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;

/**
 * Whether a write that is proved by a cookie comes from our own page (CSRF): a browser states the page's origin on
 * every such request, and no other site can make it state ours.
 */
export const isOwnOrigin = (headers: IncomingHttpHeaders): boolean => {
  const { origin, host } = headers;
  if (origin === undefined || host === undefined) return false;
  return URL.canParse(origin) && new URL(origin).host === host;
};

/** Whether the browser speaks TLS, which often ends at a load balancer: the page's own origin says so (isOwnOrigin has checked it), the socket does not. */
export const isOverTls = ({ origin }: IncomingHttpHeaders, protocol: string): boolean =>
  protocol === 'https' || (origin !== undefined && URL.canParse(origin) && new URL(origin).protocol === 'https:');
