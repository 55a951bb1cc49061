import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RegionsFileSchema, type RegionsFile } from '@lapidary/contracts/stamp-spec';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { parse, YAMLParseError } from 'yaml';

const fileName = 'regions.yaml';

/** Reads `<directory>/regions.yaml`; every problem is told at once, and the geode's own region must be in it. */
export const loadRegionsFile = async (directory: string, ownRegion: string): Promise<RegionsFile> => {
  const path = join(directory, fileName);
  const result = RegionsFileSchema.safeParse(await readYaml(path));
  if (!result.success) {
    const fields = result.error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
    throw new AppError('config_invalid', `${path}: ${fields.map((f) => `${f.path}: ${f.message}`).join('; ')}`, { fields });
  }
  if (!Object.hasOwn(result.data.regions, ownRegion)) {
    throw new AppError(
      'config_invalid',
      `${path} has no region ${ownRegion} (LAPIDARY_REGION); it has ${Object.keys(result.data.regions).join(', ')}`,
    );
  }
  return result.data;
};

const readYaml = async (path: string): Promise<unknown> => {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (error) {
    const why = error instanceof YAMLParseError ? error.message : ((error as NodeJS.ErrnoException).code ?? 'error');
    throw new AppError('config_invalid', `${path} can't be read: ${why} (LAPIDARY_STAMPS_DIR)`, { cause: error });
  }
};

/** Makes the table follow the file. A region that left the file stays in the table: stamps and tenants may refer to it. */
export const ensureRegions = async (tx: Tx, file: RegionsFile): Promise<void> => {
  for (const [name, region] of Object.entries(file.regions)) {
    await tx.query(
      `INSERT INTO region (name, display_name, jurisdiction, latitude, longitude, aws_region) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (name) DO UPDATE SET display_name = excluded.display_name, jurisdiction = excluded.jurisdiction,
         latitude = excluded.latitude, longitude = excluded.longitude, aws_region = excluded.aws_region`,
      [name, region.displayName, region.jurisdiction, region.location.latitude, region.location.longitude, region.aws.region],
    );
  }
};
