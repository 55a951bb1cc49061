import type { Geodes } from './geodes.js';

/** From now on a region notes where a version or an epoch of another one's row goes down (B4). */
export const noteRegress = async (geodes: Geodes, region: string): Promise<void> => {
  await asked(
    geodes,
    region,
    `CREATE TABLE went_down (what text);
     CREATE FUNCTION note_regress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.version < OLD.version OR (to_jsonb(NEW)->>'placement_epoch')::int < (to_jsonb(OLD)->>'placement_epoch')::int THEN
         INSERT INTO went_down VALUES (TG_TABLE_NAME || ' ' || OLD.version || ' to ' || NEW.version);
       END IF; RETURN NEW; END $$;
     CREATE TRIGGER regress_t BEFORE UPDATE ON tenant FOR EACH ROW EXECUTE FUNCTION note_regress();
     CREATE TRIGGER regress_s BEFORE UPDATE ON stamp FOR EACH ROW EXECUTE FUNCTION note_regress();`,
  );
};

export const wentDown = async (geodes: Geodes, region: string): Promise<string[]> =>
  (await asked(geodes, region, 'SELECT what FROM went_down')).map((row) => String(row['what']));

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
