import type { ControlPlaneConfig } from '@lapidary/config/control-plane';

/** Listens on all of them: no address that anybody could be told. */
const everyAddress = new Set(['0.0.0.0', '::']);

/** Where workloads of stamps reach this region's API; null where nobody has said and it can't be known. */
export const apiUrlOf = ({
  LAPIDARY_API_URL: url,
  LAPIDARY_HTTP_HOST: host,
  LAPIDARY_HTTP_PORT: port,
}: Pick<ControlPlaneConfig, 'LAPIDARY_API_URL' | 'LAPIDARY_HTTP_HOST' | 'LAPIDARY_HTTP_PORT'>): string | null => {
  if (url !== undefined) return url;
  return everyAddress.has(host) ? null : `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
};
