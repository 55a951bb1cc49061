import { isAppError } from '@lapidary/kernel/app-error';

/**
 * What `work` gives; null where a document can't be read any more. The scrub tells of that, and upkeep goes on with the others: one row that has rotted must
 * not keep all from being purged, dropped and renewed until somebody has repaired it.
 */
export const unlessUnreadable = async <T>(work: () => Promise<T>): Promise<T | null> => {
  try {
    return await work();
  } catch (error) {
    if (isAppError(error) && error.code === 'poison_event') return null;
    throw error;
  }
};
