import { AppError, isAppError } from '@lapidary/kernel/app-error';

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

/** What `read` makes of a row's bytes; null where nobody can tell any more what they were: they are no JSON, or not of the form that was written. */
export const unlessRotten = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
};

export const unreadableDocument = (collection: string, id: string): AppError =>
  new AppError('document_unreadable', `What is kept of ${id} in ${collection} can’t be read any more`);

/** As `work`; a write on what can’t be read says so: to whoever writes no event could be applied, and nothing was parked. */
export const readableOrTold = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (isAppError(error) && error.code === 'poison_event') throw new AppError('document_unreadable', error.message, { cause: error });
    throw error;
  }
};
