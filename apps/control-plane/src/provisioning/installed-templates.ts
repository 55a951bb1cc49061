import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { AppError } from '@lapidary/kernel/app-error';
import { readVersion } from '../process/version.js';

/** Where released templates are kept below the root directory; one folder per version (infra/engine/templates.ts). */
const releasesFolder = 'infra/dist/template/releases';

/** The template of this installation, and the earlier releases that it keeps. */
export const installedTemplates = ({ LAPIDARY_ROOT_DIR: root }: ControlPlaneConfig): readonly string[] => {
  const folder = join(root, releasesFolder);
  const kept = existsSync(folder) ? readdirSync(folder) : [];
  return [...new Set([readVersion(root).templateVersion, ...kept])].toSorted();
};

/** Told before anything is held or changed: the child would only find out in the middle of its job. */
export const refuseUnknownTemplate = (config: ControlPlaneConfig, version: string): void => {
  const installed = installedTemplates(config);
  if (installed.includes(version)) return;
  const message = `Template ${version} is not installed in region ${config.LAPIDARY_REGION}; there is ${installed.join(', ')}`;
  throw new AppError('template_unavailable', message, { details: { version, installed } });
};
