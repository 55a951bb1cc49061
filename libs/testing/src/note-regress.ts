/** SQL for a region's database: from then on `went_down` notes where a version or an epoch of somebody's row goes down (B4). */
export const noteRegress = `
  CREATE TABLE went_down (what text);
  CREATE FUNCTION note_regress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.version < OLD.version OR (to_jsonb(NEW)->>'placement_epoch')::int < (to_jsonb(OLD)->>'placement_epoch')::int THEN
      INSERT INTO went_down VALUES (TG_TABLE_NAME || ' ' || OLD.version || ' to ' || NEW.version);
    END IF; RETURN NEW; END $$;
  CREATE TRIGGER regress_t BEFORE UPDATE ON tenant FOR EACH ROW EXECUTE FUNCTION note_regress();
  CREATE TRIGGER regress_s BEFORE UPDATE ON stamp FOR EACH ROW EXECUTE FUNCTION note_regress();`;
