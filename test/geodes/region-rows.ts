import type { Geodes } from './geodes.js';

/** Rows of a region's own database. */
export const asked = async (geodes: Geodes, region: string, sql: string): Promise<Record<string, unknown>[]> => {
  const database = await geodes.connect(region);
  try {
    const { rows } = (await database.query(sql)) as { rows: Record<string, unknown>[] };
    return rows;
  } finally {
    await database.end();
  }
};
