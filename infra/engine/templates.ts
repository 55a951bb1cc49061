import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { StampInputs } from '../template/stamp-inputs.js';
import type { StampProgramOutputs } from '../template/stamp.js';
import { templateVersion } from '../template/template-version.js';
import { engineError } from './engine-error.js';

/** One version of the template, as infra/template/release-entry.ts exports it. */
export interface Template {
  readonly version: string;
  readonly render: (inputs: StampInputs) => Promise<StampProgramOutputs>;
  /** As Pulumi runs it: reads the stack's config. */
  readonly program: () => Promise<StampProgramOutputs>;
}

const releases = join(import.meta.dirname, '..', 'template', 'releases');
const releaseFile = 'template.mjs';

/** Every version that can be rendered here: this one, and the released ones that are kept. */
export const installedTemplates = (): readonly string[] => {
  const kept = existsSync(releases) ? readdirSync(releases).filter((name) => existsSync(join(releases, name, releaseFile))) : [];
  return [...new Set([templateVersion, ...kept])].toSorted();
};

const loaded = new Map<string, Promise<Template>>();

/**
 * The template of a version; undefined is this one. An earlier one is the program as it was released, not today's code that tries to
 * behave like it: so what a roll-out takes back is what was there before.
 */
export const templateOf = (version: string | undefined): Promise<Template> => {
  const wanted = version ?? templateVersion;
  const template = loaded.get(wanted) ?? load(wanted);
  loaded.set(wanted, template);
  template.catch(() => loaded.delete(wanted));
  return template;
};

const load = async (version: string): Promise<Template> => {
  if (version === templateVersion) return import('../template/release-entry.js');
  const installed = installedTemplates();
  if (!installed.includes(version))
    throw engineError('template_unavailable', `template ${version} is not installed here; there is ${installed.join(', ')}`);
  return (await import(pathToFileURL(join(releases, version, releaseFile)).href)) as Template;
};
