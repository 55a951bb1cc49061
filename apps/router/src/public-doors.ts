import type { StampRoute } from '@lapidary/contracts/directory';
import { AppError } from '@lapidary/kernel/app-error';

/**
 * Where a stamp can be reached by clients that don't come through a router. The front doors in the directory are private (docs/adr/0012):
 * they believe tenant and epoch of whoever connects. Public doors are told apart by configuration, never guessed.
 */
export interface PublicDoors {
  /** Base URLs without path; empty where there is none. */
  of(stamp: StampRoute): readonly URL[];
}

const noDoors: PublicDoors = { of: () => [] };

const urlOf = (pattern: string, stamp: string, region: string): URL =>
  new URL(pattern.replaceAll('{stamp}', stamp).replaceAll('{region}', region));

/**
 * From LAPIDARY_PUBLIC_DOOR: an URL with `{stamp}` and, where wanted, `{region}` in its host. The template names stamps' doors in
 * one way, so that a rule does what a list would have to be kept current for. Throws `config_invalid`.
 */
export const publicDoorsFrom = (pattern: string | undefined): PublicDoors => {
  if (pattern === undefined) return noDoors;
  const invalid = (why: string): AppError => new AppError('config_invalid', `LAPIDARY_PUBLIC_DOOR ${why}`);
  if (!pattern.includes('{stamp}')) throw invalid('names no {stamp}: all stamps would have one door');
  let sample: URL;
  try {
    sample = urlOf(pattern, 'eu-1', 'eu');
  } catch {
    throw invalid('is not an URL');
  }
  if (sample.protocol !== 'http:' && sample.protocol !== 'https:') throw invalid('must begin with http:// or https://');
  if (sample.pathname !== '/' || sample.search !== '' || sample.hash !== '' || sample.username !== '')
    throw invalid('has more than scheme, host and port');
  return { of: ({ stamp, region }) => [urlOf(pattern, stamp, region)] };
};
